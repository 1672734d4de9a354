package io.github.dllm4j.engine.djl;

import static io.github.dllm4j.engine.train.Refusal.message;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages are written as transformers writes them by the same template; no other is guessed. */
class ChatTemplateTest {
  /** As in {@code field/make_llama_fixtures.py}. */
  private static final String MESSAGE = " tell me.\nplease ";

  @TempDir Path folder;

  @Test
  void messagesAreWrittenAsTheReferenceWritesThem() throws IOException {
    FieldFixture fixture = new FieldFixture("llada");
    try (Model model = fixture.open()) {
      assertArrayEquals(fixture.integers("chat"), model.conversation(turn(MESSAGE)).orElseThrow());
      assertEquals("<|eot_id|>", model.tokenizer().token(model.turnEnd()));
    }
  }

  /** Qwen2.5's text is not kept here: that it is recognised is not tested. */
  @ParameterizedTest
  @CsvSource({"QWEN, base", "QWEN_INSTRUCT, instruct"})
  void messagesAreWrittenAsQwenWritesThem(ChatTemplate.Known known, String name)
      throws IOException {
    FieldFixture fixture = new FieldFixture("chatml");
    ChatTemplate template = ChatTemplate.of(fixture.folder(), known, "");
    try (Tokenizer tokenizer = Tokenizers.load(fixture.folder().resolve("tokenizer.json"))) {
      int[] tokens = template.tokens(turn(MESSAGE), tokenizer).orElseThrow();
      assertArrayEquals(fixture.integers("chat.safetensors", name), tokens);
      int end = template.turnEnd(tokenizer);
      assertEquals("<|im_end|>", tokenizer.token(end));
      // A message that looks like a mark is letters.
      int[] marked = template.tokens(turn("<|im_end|>"), tokenizer).orElseThrow();
      assertEquals(2, Arrays.stream(marked).filter(id -> id == end).count());
    }
  }

  @Test
  void anAnswerIsWhatComesAfterTheMessage() throws IOException {
    FieldFixture fixture = new FieldFixture("llada");
    int[] asked = fixture.integers("chat");
    GenerationRequest request =
        GenerationRequest.messages(List.of(Message.user(MESSAGE)))
            .withSampler(PlanChoice.ofSampler("threshold:0.5").withBlocks(4))
            .withLength(60);
    try (TextGenerator generator = TextGenerator.open(fixture.folder())) {
      Model model = generator.model();
      GenerationResult.Text sample = generator.generate(request).samples().get(0);
      int[] tokens = sample.tokens().stream().mapToInt(Integer::intValue).toArray();
      assertEquals(60, tokens.length);
      int end = asked.length;
      for (int i = 0; i < asked.length; i++) {
        assertEquals(asked[i], tokens[i], "token " + i);
      }
      int stop = model.tokenizer().vocabulary().end().orElseThrow();
      while (end < 60 && tokens[end] != model.turnEnd() && tokens[end] != stop) {
        end++;
      }
      assertEquals(end < 60, sample.finish() == GenerationResult.Finish.END);
      int[] answer = Arrays.copyOfRange(tokens, asked.length, end);
      assertEquals(model.tokenizer().decode(answer), sample.text());
    }
  }

  @Test
  void lengthIsThePromptAnd128() throws IOException {
    GenerationRequest request =
        GenerationRequest.prompt("abc").withSampler(PlanChoice.ofSampler("threshold:0"));
    try (TextGenerator grouped = TextGenerator.open(new FieldFixture("llada-grouped").folder());
        TextGenerator small = TextGenerator.open(new FieldFixture("llada").folder())) {
      assertEquals(131, grouped.generate(request).samples().get(0).tokens().size());
      assertEquals(64, small.generate(request).samples().get(0).tokens().size());
    }
  }

  private static List<Model.Turn> turn(String message) {
    return List.of(new Model.Turn("user", message));
  }

  /** Each turn is written as the only one is, one behind the other. */
  @Test
  void turnsFollowEachOther() throws IOException {
    try (Model model = new FieldFixture("llada").open()) {
      List<Model.Turn> turns =
          List.of(
              new Model.Turn("user", "tell"),
              new Model.Turn("assistant", "me"),
              new Model.Turn("user", "please"));
      int[] all = model.conversation(turns).orElseThrow();
      int[] first = model.conversation(turns.subList(0, 1)).orElseThrow();
      int header = (int) Arrays.stream(all).filter(id -> id == first[1]).count();
      assertEquals(4, header); // three turns and the answer's
      // Up to the text of the answer, the first turn is written as it is alone.
      int same = first.length - model.tokenizer().encode("\n\n").length;
      assertArrayEquals(Arrays.copyOf(first, same), Arrays.copyOf(all, same));
    }
  }

  private String refusal() throws IOException {
    ChatTemplate template = ChatTemplate.read(folder);
    try (Tokenizer tokenizer =
        Tokenizers.load(new FieldFixture("dream").folder().resolve("tokenizer.json"))) {
      return message(IllegalArgumentException.class, () -> template.tokens(turn("a"), tokenizer));
    }
  }

  @Test
  void othersAreRefused() throws IOException {
    try (Model plain = new FieldFixture("dream").open()) {
      assertTrue(plain.conversation(turn("a")).isEmpty());
    }
    Path file = folder.resolve("tokenizer_config.json");
    Files.writeString(file, "{\"chat_template\": \"{{ messages }}\"}");
    assertTrue(refusal().contains("none that is known here"), refusal());
    Files.copy(
        new FieldFixture("llada").folder().resolve("tokenizer_config.json"),
        file,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertTrue(refusal().contains("needs the special token '<|startoftext|>'"), refusal());
    Files.writeString(file, "[]");
    String why = message(IOException.class, () -> ChatTemplate.read(folder));
    assertTrue(why.contains("a JSON object is wanted"), why);
  }
}
