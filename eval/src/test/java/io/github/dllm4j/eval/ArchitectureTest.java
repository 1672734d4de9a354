package io.github.dllm4j.eval;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.accessField;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may use whom: modules, packages of the engine, libraries, and the process. */
class ArchitectureTest {
  private static final String ROOT = "io.github.dllm4j.";
  private static final String ENGINE = ROOT + "engine.";
  private static final String[] JDK = {"java..", "org.jspecify.annotations.."};

  private static final JavaClasses CODE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.github.dllm4j");

  /** A rule about classes that are not there would hold for nothing. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "tokenizer",
        "corpora",
        "engine",
        "engine.schedule",
        "engine.ctmc",
        "engine.denoise",
        "engine.oracle",
        "engine.sample",
        "engine.constrain",
        "engine.steer",
        "engine.info",
        "engine.loss",
        "engine.train",
        "engine.djl",
        "engine.djl.serving",
        "engine.langchain4j",
        "eval.bench",
        "eval.cli",
        "eval.metrics",
        "eval.plot",
        "eval.serve",
        "eval.steps"
      })
  void everyPackageIsChecked(String name) {
    assertTrue(
        CODE.stream().filter(type -> type.getPackageName().equals(ROOT + name)).count() > 1, name);
  }

  @ParameterizedTest
  @CsvSource({
    "tokenizer, corpora",
    "tokenizer, engine",
    "tokenizer, eval",
    "corpora, engine",
    "corpora, eval",
    "engine, corpora",
    "engine, eval"
  })
  void modulesDependInOneDirection(String from, String to) {
    noClasses()
        .that()
        .resideInAPackage(ROOT + from + "..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + to + "..")
        .check(CODE);
  }

  /** What each package of the engine may use, besides itself and the JDK. */
  @ParameterizedTest
  @CsvSource({
    "schedule, ''",
    "ctmc, schedule",
    "denoise, schedule ctmc",
    "sample, denoise schedule ctmc",
    "info, sample denoise",
    "steer, sample denoise schedule ctmc",
    "oracle, info sample denoise schedule ctmc",
    "train, sample denoise schedule ctmc",
    // info: likelihoods along an order are the planner's teacher forcing.
    "loss, info train sample denoise schedule ctmc",
  })
  void mathematicsUsesTheJdkAndWhatItNeeds(String name, String others) {
    onlyUses(name, others).check(CODE);
  }

  /** Constraints know tokens and read schemas besides. */
  @Test
  void constraintsUseTheSamplerTheTokenizerAndJson() {
    classes()
        .that()
        .resideInAPackage(ENGINE + "constrain")
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(
                "java..",
                "org.jspecify.annotations..",
                ENGINE + "constrain",
                ENGINE + "sample",
                ENGINE + "denoise",
                ROOT + "tokenizer",
                "com.fasterxml.jackson.."))
        .check(CODE);
  }

  private static ArchRule onlyUses(String name, String others) {
    String[] allowed =
        Stream.of(
                Stream.of(JDK),
                Stream.of(ENGINE + name),
                Stream.of(others.split(" ")).filter(s -> !s.isEmpty()).map(s -> ENGINE + s))
            .flatMap(s -> s)
            .toArray(String[]::new);
    return classes()
        .that()
        .resideInAPackage(ENGINE + name)
        .should()
        .onlyDependOnClassesThat(resideInAnyPackage(allowed));
  }

  @Test
  void packagesOfTheEngineHaveNoCycles() {
    slices().matching("io.github.dllm4j.engine.(*)").should().beFreeOfCycles().check(CODE);
  }

  /** And the one below it, which DJL calls: it needs DJL's types and the facade. */
  @Test
  void onlyOneEnginePackageKnowsDjl() {
    noClasses()
        .that(not(resideInAnyPackage(ENGINE + "djl", ENGINE + "djl.serving")))
        .and()
        .resideOutsideOfPackage(ROOT + "tokenizer")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.djl..")
        .check(CODE);
  }

  /** So that the network knows no facade. */
  @Test
  void nobodyUsesWhatDjlCalls() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ENGINE + "djl.serving")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ENGINE + "djl.serving")
        .check(CODE);
    noClasses()
        .that()
        .resideInAPackage(ENGINE + "djl")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + "engine")
        .check(CODE);
  }

  @Test
  void theTokenizerKnowsOnlyDjlsTokenizers() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + "tokenizer..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("ai.djl..").and(not(resideInAPackage("ai.djl.huggingface.."))))
        .check(CODE);
  }

  /** Libraries stay where they are for: the command line, bars, plots, and maps of counts. */
  @ParameterizedTest
  @CsvSource({
    "picocli.., io.github.dllm4j.eval.cli",
    "me.tongfei.., io.github.dllm4j.eval.cli",
    "org.knowm.., io.github.dllm4j.eval.plot",
    "dev.langchain4j.., io.github.dllm4j.engine.langchain4j",
    "org.eclipse.jetty.., io.github.dllm4j.eval.serve",
    "it.unimi.dsi.fastutil.., io.github.dllm4j.tokenizer io.github.dllm4j.eval.metrics"
  })
  void librariesStayInOnePlace(String library, String homes) {
    noClasses()
        .that()
        .resideOutsideOfPackages(homes.split(" "))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library)
        .check(CODE);
  }

  @Test
  void onlyCommandsPrintOrExit() {
    neverPrintsOrExits(not(resideInAPackage(ROOT + "eval.cli"))).check(CODE);
  }

  private static ArchRule neverPrintsOrExits(DescribedPredicate<JavaClass> which) {
    return noClasses()
        .that(which)
        .should(
            accessField(System.class, "out")
                .or(accessField(System.class, "err"))
                .or(accessField(System.class, "in")))
        .orShould()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "halt", int.class)
        .orShould()
        .callMethod(Throwable.class, "printStackTrace");
  }

  /**
   * The library reads no system properties and no environment. The two exceptions give DJL its
   * settings (no downloads, no tracking), which it takes from nowhere else, and read them only to
   * let the user's own settings win.
   */
  @Test
  void onlyDjlsSettingsAreSystemProperties() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "eval.cli")
        .and()
        .doNotHaveFullyQualifiedName(ENGINE + "djl.PyTorch")
        .and()
        .doNotHaveFullyQualifiedName(ROOT + "tokenizer.DjlSettings")
        .should()
        .callMethod(System.class, "getProperty", String.class)
        .orShould()
        .callMethod(System.class, "getProperty", String.class, String.class)
        .orShould()
        .callMethod(System.class, "getProperties")
        .orShould()
        .callMethod(System.class, "setProperty", String.class, String.class)
        .orShould()
        .callMethod(System.class, "getenv", String.class)
        .orShould()
        .callMethod(System.class, "getenv")
        .check(CODE);
  }

  /** So that all commands say null of what is not known, and read equally strictly. */
  @Test
  void commandsHaveOneJson() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + "eval.cli")
        .should()
        .callMethod(JsonMapper.class, "builder")
        .orShould()
        .callConstructor(JsonMapper.class)
        .orShould()
        .callConstructor(ObjectMapper.class)
        .check(CODE);
  }

  /** Randomness is keyed by the request's seed; Random's subclasses are meant too. */
  @Test
  void thereIsNoGlobalRandomness() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .areAssignableTo(Random.class)
        .orShould()
        .callMethod(Math.class, "random")
        .orShould()
        .callMethod(StrictMath.class, "random")
        .check(CODE);
  }

  /** The checks above can fail: rules that this code breaks are reported. */
  @Test
  void aBrokenRuleIsReported() {
    AssertionError exits =
        assertThrows(
            AssertionError.class,
            () -> neverPrintsOrExits(resideInAPackage(ROOT + "eval.cli")).check(CODE));
    assertTrue(exits.getMessage().contains("System.exit"), exits.getMessage());
    assertTrue(exits.getMessage().contains("System.err"), exits.getMessage());
    assertThrows(AssertionError.class, () -> onlyUses("djl", "sample").check(CODE));
  }
}
