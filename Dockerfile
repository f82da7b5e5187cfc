# The operator's image, for machines with Docker: npm run build && docker build --tag integration-scheduler/operator:dev .
# hack/image makes the same without Docker.
FROM node:24.21.0-bookworm-slim
RUN ln -s /usr/local/bin/node /usr/bin/node
COPY dist/operator.mjs /app/operator.mjs
# glibc keeps memory that was needed while the program was compiled, and an arena for each thread: a fifth of what the process has.
ENV MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=32768 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_TOP_PAD_=16384
USER 65532:65532
ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=4", "--expose-gc", "/app/operator.mjs", "run"]
