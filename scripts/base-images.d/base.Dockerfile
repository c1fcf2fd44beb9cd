# Environment and labels as in the Debian images of https://github.com/home-assistant/docker-base.
FROM scratch
ARG ROOTFS
ADD ${ROOTFS} /
# The folder is part of the image so that overlayfs merges it: 32-bit programs under QEMU cannot list
# a folder of ext4 itself (its 64-bit offsets), and s6-svscan lists this one.
RUN ldconfig && mkdir -p /run/service /run/lock
ENV LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive \
    CURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
    S6_BEHAVIOUR_IF_STAGE2_FAILS=2 \
    S6_CMD_WAIT_FOR_SERVICES_MAXTIME=0 \
    S6_CMD_WAIT_FOR_SERVICES=1 \
    S6_SERVICES_READYTIME=50
ARG ARCH
ARG SUITE
ARG CREATED
ARG INPUTS
LABEL io.hass.type=base \
      io.hass.base.name=debian \
      io.hass.base.arch=${ARCH} \
      io.hass.base.version=${SUITE} \
      io.hass.base.image=debian:${SUITE}-slim \
      io.hass.arch=${ARCH} \
      io.hass.version=${SUITE} \
      org.opencontainers.image.created=${CREATED} \
      org.opencontainers.image.version=${SUITE} \
      addon-release.inputs=${INPUTS}
ENTRYPOINT ["/init"]
