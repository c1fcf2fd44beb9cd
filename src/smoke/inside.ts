import type { Container } from './container.js';
import { parseListeners, type Listener } from './listeners.js';
import { parseServices, type ServiceState } from './services.js';
import { parseUsage, USAGE_FILES, type Usage } from './usage.js';

/** A process in the container's own numbering. */
export interface InsideProcess {
  readonly pid: number;
  readonly parent: number;
  /** The effective user. */
  readonly uid: number;
  /** The first 15 characters of the program's name. */
  readonly name: string;
}

/** A container as it looks from within, at one moment. */
export interface Inside {
  /** The services that s6 supervises; empty when there is no s6. */
  readonly services: readonly ServiceState[];
  readonly processes: readonly InsideProcess[];
  readonly listeners: readonly Listener[];
  readonly usage: Usage;
  /** Processor time that process 1 has used, in the kernel's ticks; undefined when it can't be read. */
  readonly firstTicks: number | undefined;
}

const END = 'end|';

/**
 * Everything in one go and nearly all of it by the shell itself: under emulation each start of a program costs more
 * than the rest. s6-overlay 3 keeps the services of both its layouts in /run/service, s6-overlay 2 in
 * /var/run/s6/services, which may be the same as /run/s6/services.
 *
 * A shell with large-file support lists the folders also where other 32-bit programs under QEMU can't.
 */
const SCRIPT = `PATH=$PATH:/command
for file in ${USAGE_FILES.join(' ')}; do
  test -r "$file" || continue
  while read -r line; do echo "usage|\${file##*/}|$line"; done <"$file"
done
seen=' '
for service in /run/service/* /run/s6/services/* /var/run/s6/services/*; do
  name=\${service##*/}
  case $seen in *" $name "*) continue ;; esac
  test -e "$service/supervise/status" || continue
  seen="$seen$name "
  echo "service|$name|$(s6-svstat "$service" 2>&1)"
  test -s "$service/supervise/death_tally" || continue
  s6-svdt "$service" 2>/dev/null | while read -r death; do echo "death|$name|$death"; done
done
for table in tcp tcp6 udp udp6; do
  test -r "/proc/net/$table" || continue
  while read -r line; do echo "$table|$line"; done <"/proc/net/$table"
done
for folder in /proc/[0-9]*; do
  name= parent=
  while read -r key first second rest; do
    case $key in
      Name:) name=$first ;;
      PPid:) parent=$first ;;
      Uid:) echo "process|\${folder##*/}|$parent|$second|$name"; break ;;
    esac
  done <"$folder/status"
done 2>/dev/null
read -r line </proc/1/stat && echo "first|$line"
echo "process-self|$$"
echo '${END}'`;

/** Reads lines like `process|12|1|0|python3`; without the shell that wrote them. */
export function parseProcesses(output: string): readonly InsideProcess[] {
  const self = Number(/^process-self\|(\d+)$/m.exec(output)?.[1]);
  return output.split('\n').flatMap((line) => {
    const [, pid, parent, uid, name] = /^process\|(\d+)\|(\d+)\|(\d+)\|(.*)$/.exec(line) ?? [];
    if (name === undefined || Number(pid) === self) return [];
    return [{ pid: Number(pid), parent: Number(parent), uid: Number(uid), name }];
  });
}

/**
 * Whether s6-overlay 3 is still bringing services up: `s6-rc change` ends when all of them are.
 *
 * @see https://skarnet.org/software/s6-rc/s6-rc.html
 */
export function isStarting({ processes }: Inside): boolean {
  return processes.some(({ name }) => name === 's6-rc');
}

/** Reads a line of /proc/PID/stat: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function parseTicks(output: string): number | undefined {
  // The name, in parentheses, may hold anything; the state follows it, then ten numbers.
  const [, user, system] = /^first\|.*\) \S(?: -?\d+){10} (\d+) (\d+) /m.exec(output) ?? [];
  return user === undefined || system === undefined ? undefined : Number(user) + Number(system);
}

/** Looks into a running container; undefined when it does not run, or has no shell to look with. */
export async function lookInside(
  container: Pick<Container, 'execAsRoot'>,
): Promise<Inside | undefined> {
  const { stdout } = await container.execAsRoot(['/bin/sh', '-c', SCRIPT]);
  if (!stdout.includes(END)) return undefined;
  return {
    services: parseServices(stdout),
    processes: parseProcesses(stdout),
    listeners: parseListeners(stdout),
    usage: parseUsage(stdout),
    firstTicks: parseTicks(stdout),
  };
}
