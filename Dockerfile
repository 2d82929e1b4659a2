# The image: one static binary and nothing else, run by a user without rights.
#
#   docker build -t aliasgate:0.1.0 .
#
# The binary is linked against a static glibc (crt-static); --target keeps that flag away from build scripts and
# procedural macros, which cannot be linked so. The public roots of TLS are built into the binary.
FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
RUN target="$(rustc -vV | sed -n 's/^host: //p')" \
 && RUSTFLAGS='-C target-feature=+crt-static' cargo build --locked --profile dist --bin aliasgate --target "$target" \
 && cp "target/$target/dist/aliasgate" /aliasgate

FROM scratch
COPY --from=build /aliasgate /aliasgate
USER 65532:65532
ENTRYPOINT ["/aliasgate"]
