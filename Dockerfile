# syntax=docker/dockerfile:1
# The image of the operator: docker build --tag tenantry-operator .

# The compiler is the one that rust-toolchain.toml names. Both stages are Debian 12: what is linked here is there below.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
COPY . .
# Without debug information, but with the names of functions, for backtraces.
ENV CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_STRIP=debuginfo
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package tenantry-operator \
    && cp target/release/tenantry-operator /tenantry-operator

# glibc, libgcc_s, CA certificates and time zones; no shell; user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.source=https://github.com/tenantry/tenantry \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
# glibc keeps an arena of memory for each thread. With one for all the operator takes a third less, at no cost that could
# be measured (docs/performance.md).
ENV MALLOC_ARENA_MAX=1
COPY --from=build /tenantry-operator /usr/local/bin/tenantry-operator
# By number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/tenantry-operator"]
