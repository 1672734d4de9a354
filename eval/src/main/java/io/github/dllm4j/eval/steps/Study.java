package io.github.dllm4j.eval.steps;

import java.util.List;

/** Cells to compute one by one, always in the same order, and what they say together. */
public interface Study {

  /** What the report is called. */
  String title();

  /** The columns of its rows. */
  List<Column> columns();

  /** What each cell is, in a few words, in the order in which they are computed. */
  List<String> cells();

  /** Computes a cell; depends on nothing but the study and the index. */
  Row compute(int cell);

  /** The table of all rows as readers see it: in parts that fit a page. */
  default List<Table> parts(Table table) {
    return List.of(table);
  }

  /** What all rows say together. */
  Findings findings(List<Row> rows);
}
