#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "aarch64"
#elif defined(__ARM_ARCH_7A__)
#define ARCHITECTURE "armv7"
#else
#error "this add-on is not made for the architecture that the compiler targets"
#endif

/* 64-bit FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t fingerprint(const uint8_t *data, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < length; i++) {
        hash ^= data[i];
        hash *= UINT64_C(0x00000100000001b3);
    }
    return hash;
}

/* What this library was compiled for, in Home Assistant's words. */
const char *fingerprint_architecture(void)
{
    return ARCHITECTURE;
}
