# The operator's image, for machines with Docker: npm run build && docker build --tag integration-scheduler/operator:dev .
# hack/image makes the same without Docker.
FROM node:24.21.0-bookworm-slim
RUN ln -s /usr/local/bin/node /usr/bin/node
COPY dist/operator.mjs /app/operator.mjs
USER 65532:65532
ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=4", "/app/operator.mjs", "run"]
