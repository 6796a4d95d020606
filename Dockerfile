# DocTune in a container. It listens on all addresses of the container, so it refuses to start without a password:
#   docker build -t doctune .
#   docker run -p 127.0.0.1:7860:7860 -e DOCTUNE_PASSWORD=… -v doctune-data:/workspace/data -v doctune-saves:/workspace/saves doctune
# For an NVIDIA card: --build-arg TORCH=cu128, and run with --gpus all. An empty TORCH takes the registry's own build.
FROM python:3.11-slim

ARG TORCH=cpu
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /doctune
COPY requirements.txt .
RUN if [ -n "$TORCH" ]; then \
      python -m pip install --index-url "https://download.pytorch.org/whl/$TORCH" "$(grep '^torch==' requirements.txt)"; \
    fi \
 && python -m pip install -r requirements.txt
COPY . .

RUN useradd --uid 1000 --create-home doctune \
 && install -d -o doctune -g doctune /workspace /workspace/data /workspace/saves
ENV DOCTUNE_HOME=/workspace DOCTUNE_SECRETS=/workspace/saves/secrets.json
USER doctune
VOLUME ["/workspace/data", "/workspace/saves"]
EXPOSE 7860
CMD ["python", "app.py", "--host", "0.0.0.0", "--port", "7860", "--no-browser"]
