/* Answers every request on port 8000 with a number that all generated functions have a part in. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

unsigned compute(unsigned value);

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8000)};
  int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  signal(SIGPIPE, SIG_IGN);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 16) != 0) {
    perror("port 8000");
    return 1;
  }
  for (;;) {
    char request[4096], body[32], answer[256];
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) continue;
    ssize_t length = read(connection, request, sizeof request);
    int size = snprintf(body, sizeof body, "%u\n", compute((unsigned)length));
    int total = snprintf(answer, sizeof answer,
                         "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", size,
                         body);
    if (write(connection, answer, (size_t)total) != total) perror("answer");
    close(connection);
  }
}
