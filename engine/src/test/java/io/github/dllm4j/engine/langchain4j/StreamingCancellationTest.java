package io.github.dllm4j.engine.langchain4j;

import org.junit.jupiter.api.Tag;

/** LangChain4j's tests of streams, with the one that waits for half a minute. */
@Tag("slow")
class StreamingCancellationTest extends StreamingChatModelContractTest {
  @Override
  protected boolean supportsStreamingCancellation() {
    return true;
  }
}
