package io.github.dllm4j.engine.constrain;

import java.util.List;

/** Tools that tests and benchmarks call. */
public final class Tools {
  /** A search, a form and a setting. */
  public static final List<Tool> TOOLS =
      List.of(
          new Tool(
              "search",
              """
              {"type":"object","additionalProperties":false,
               "properties":{
                 "query":{"type":"string","minLength":1,"maxLength":40},
                 "limit":{"type":"integer","minimum":1,"maximum":50},
                 "books":{"type":"array","items":{"enum":["Genesis","Exodus","Ruth","Job"]},"maxItems":3}},
               "required":["query"]}
              """),
          new Tool(
              "register",
              """
              {"type":"object","additionalProperties":false,
               "properties":{
                 "name":{"type":"string","pattern":"^[A-Z][a-z]+( [A-Z][a-z]+)?$","maxLength":24},
                 "address":{"type":"object","properties":{
                   "street":{"type":"string","maxLength":20},
                   "number":{"type":"integer","minimum":1,"maximum":999}},
                   "required":["street","number"]},
                 "newsletter":{"type":"boolean"}},
               "required":["name","address"]}
              """),
          new Tool(
              "set_temperature",
              """
              {"type":"object",
               "properties":{"celsius":{"type":"number","minimum":-20,"maximum":45.5}},
               "required":["celsius"]}
              """));

  private Tools() {}
}
