/** Compilers and what only they need, by package name of Debian, Ubuntu and Alpine. */
const COMPILERS =
  /^(?:gcc|g\+\+|clang|cpp|make|cmake|ninja(?:-build|-is-really-ninja)?|meson|autoconf|automake|libtool|bison|flex|pkg-?conf(?:ig)?|build-essential|build-base|alpine-sdk|musl-dev|libc6?-dev|linux-headers(?:-[\w.]+)?|linux-libc-dev|cargo|rustc?|rustup|golang(?:-[\w.]+)?|go|nasm|yasm|gfortran|binutils(?:-[\w-]+)?|cython3?|swig|crossbuild-essential-\w+|openjdk-\d+-jdk(?:-headless)?|maven|gradle)(?:-\d[\w.]*)?$/;

/** Headers. */
const DEVELOPMENT = /-dev(?:el)?$/;

/** `gcc:armhf`, `gcc=12.2-r0`, `gcc-12`, `gcc@edge` are gcc. */
export function isBuildOnlyPackage(name: string): boolean {
  const plain = name.replace(/[=<>~@:].*$/, '');
  return (
    COMPILERS.test(plain) ||
    (/^(?:gcc|g\+\+|cpp)-[\w-]+$/.test(plain) && !/-base$/.test(plain)) ||
    DEVELOPMENT.test(plain)
  );
}
