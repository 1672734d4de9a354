package io.github.dllm4j.eval.steps;

import io.github.dllm4j.eval.plot.Panel;
import java.util.List;

/**
 * What a study makes of its rows.
 *
 * @param tables more tables
 * @param panels its picture
 * @param notes sentences a reader must know
 */
public record Findings(List<Table> tables, List<Panel> panels, List<String> notes) {

  /** Copies the lists. */
  public Findings {
    tables = List.copyOf(tables);
    panels = List.copyOf(panels);
    notes = List.copyOf(notes);
  }
}
