import io.github.dllm4j.engine.TextEditor;
import io.github.dllm4j.engine.TextEditor.Edit;
import io.github.dllm4j.engine.TextEditor.Effort;
import io.github.dllm4j.engine.TextGenerator;
import java.util.function.ToDoubleFunction;

/** What an editor does with a text: fill a gap, rewrite a span, improve it, write to a wish. */
public final class Editor {
  public static void main(String[] args) throws Exception {
    try (TextGenerator generator = TextGenerator.bundled()) {
      TextEditor editor = new TextEditor(generator);
      System.out.println(editor.infill("And the ", 4, " of the LORD came upon him.", 1).text());

      String text = "And it came to pass, that the king went forth out of the city.";
      int from = text.indexOf("the king");
      int to = text.indexOf(" out of");
      System.out.println(editor.rewrite(text, from, to, 1).text());

      // The more of these letters, the better; nats.
      ToDoubleFunction<String> wish = t -> t.chars().filter(c -> c == 'o').count();
      Effort little = new Effort(2, 4, 2, 0.5, 1); // chains, turns, steps, strength, seed
      Edit better = editor.improve(text, from, to, wish, little);
      System.out.println(wish.applyAsDouble(text) + " -> " + better);

      System.out.println(editor.steer("And {6} went forth.", wish, new Effort(4, 0, 3, 0.5, 1)));
    }
  }
}
