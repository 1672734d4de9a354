package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.tokenizer.AtomicFiles;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The {@code dllm} command. Exit code 0 done, 2 bad usage or input, 1 failure while running; errors
 * are one line on stderr.
 */
@Command(
    name = "dllm",
    description = "Discrete-diffusion language models on the JVM.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      GenerateCommand.class,
      TrainCommand.class,
      TokenizerCommand.class,
      EvaluateCommand.class,
      InspectCommand.class,
      PlanCommand.class,
      ExactCommand.class,
      StepsCommand.class,
      ServeCommand.class,
      ConvertCommand.class,
      ExportCommand.class,
      BenchCommand.class
    })
public final class Main implements Runnable {
  private static final int BAD_INPUT = 2;
  private static final int FAILURE = 1;

  /** Says what this is. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {PyTorch.versions()};
    }
  }

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) {
    Ending.install();
    System.exit(run(args, writer(FileDescriptor.out), writer(FileDescriptor.err)));
  }

  private static PrintWriter writer(FileDescriptor descriptor) {
    return new PrintWriter(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  /** Runs a command with its results on {@code out} and everything else on {@code err}. */
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    CommandLine line = new CommandLine(new Main());
    line.setOut(out);
    line.setErr(err);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExpandAtFiles(false); // a prompt may begin with @
    line.registerConverter(Path.class, Name::path);
    line.setExecutionStrategy(Main::runLast);
    line.setParameterExceptionHandler(
        (e, arguments) -> {
          err.println("dllm: " + usage(e));
          return BAD_INPUT;
        });
    line.setExecutionExceptionHandler(
        (e, command, result) -> {
          err.println("dllm: " + firstLine(e));
          return isBadInput(e) ? BAD_INPUT : FAILURE;
        });
    int code = execute(line, args);
    if (out.checkError() && code == 0) {
      err.println("dllm: stdout cannot be written to: it is full or closed");
      code = FAILURE;
    }
    err.flush();
    return code;
  }

  /**
   * Runs the command that was named. What it does not know is refused beside --help, too, and so
   * are lists of nothing, which are a comma, or with nothing at their end.
   */
  private static int runLast(ParseResult parsed) {
    for (ParseResult at = parsed; at != null; at = at.subcommand()) {
      CommandLine line = at.commandSpec().commandLine();
      if (!at.unmatched().isEmpty()) {
        throw new UnmatchedArgumentException(line, at.unmatched());
      }
      for (OptionSpec option : at.matchedOptions()) {
        if (!option.splitRegex().isEmpty()
            && option.originalStringValues().stream().anyMatch(text -> text.endsWith(","))) {
          throw new ParameterException(
              line,
              String.format(
                  Locale.ROOT,
                  "%s must be one or more values with commas between them, got %s",
                  option.longestName(),
                  String.join(" ", option.originalStringValues())));
        }
      }
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  /** Runs a command; memory that does not suffice is a failure in one line, too. */
  private static int execute(CommandLine line, String[] args) {
    try {
      return line.execute(args);
    } catch (OutOfMemoryError e) {
      line.getErr()
          .println(
              "dllm: out of memory (" + firstLine(e) + "): give it more by DLLM_JAVA_OPTS=-Xmx4g");
    } catch (StackOverflowError e) {
      line.getErr().println("dllm: the input is nested too deeply");
      return BAD_INPUT;
    }
    return FAILURE;
  }

  /** What is wrong with the arguments; of a command that there is not, those that there are. */
  private static String usage(ParameterException e) {
    Map<String, CommandLine> commands = e.getCommandLine().getSubcommands();
    if (e instanceof UnmatchedArgumentException unmatched && !commands.isEmpty()) {
      String first = unmatched.getUnmatched().get(0);
      if (!first.startsWith("-")) {
        return "a command must be one of "
            + String.join(", ", commands.keySet())
            + ", got "
            + first;
      }
    }
    return firstLine(e);
  }

  private static boolean isBadInput(Exception e) {
    return e instanceof IllegalArgumentException
        || (e instanceof IOException && !(e instanceof AtomicFiles.WriteException));
  }

  private static String firstLine(Throwable e) {
    String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    if (e instanceof NoSuchFileException) {
      return "no file " + message;
    } else if (e instanceof FileAlreadyExistsException) {
      return message + " is there already, and is not what is wanted";
    } else if (e instanceof AccessDeniedException) {
      return "no permission to use " + message;
    } else if (e instanceof FileSystemException) {
      return "cannot use " + message;
    }
    return e.getMessage() == null || message.isBlank() ? e.getClass().getSimpleName() : message;
  }

  /** Without a command: the help, and the exit code of bad usage. */
  @Override
  public void run() {
    CommandLine line = new CommandLine(this);
    throw new ParameterException(
        line,
        "a command is missing: "
            + String.join(", ", line.getSubcommands().keySet())
            + " (dllm --help)");
  }
}
