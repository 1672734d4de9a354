package io.github.dllm4j.engine.ctmc;

/** The third process of the kernel tests is a process. */
class NearestProcessTest extends NoiseProcessContractTest {

  @Override
  protected NoiseProcess process() {
    return new NearestProcess(3);
  }
}
