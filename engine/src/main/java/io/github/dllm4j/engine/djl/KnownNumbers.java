package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import java.io.IOException;

/**
 * How doubles are written, which JSON has not all of: a number that is not known, NaN, as null,
 * infinite ones as the strings Infinity and -Infinity. A field that may be null is read with {@link
 * Measured}.
 */
final class KnownNumbers extends SimpleModule {
  private static final long serialVersionUID = 1;

  KnownNumbers() {
    super("known numbers");
    addSerializer(double.class, new One());
    addSerializer(Double.class, new One());
    addSerializer(double[].class, new Many());
  }

  private static void write(double value, JsonGenerator json) throws IOException {
    if (Double.isNaN(value)) {
      json.writeNull();
    } else {
      json.writeNumber(value);
    }
  }

  private static final class One extends JsonSerializer<Double> {
    @Override
    public void serialize(Double value, JsonGenerator json, SerializerProvider provider)
        throws IOException {
      write(value, json);
    }
  }

  private static final class Many extends JsonSerializer<double[]> {
    @Override
    public void serialize(double[] values, JsonGenerator json, SerializerProvider provider)
        throws IOException {
      json.writeStartArray(values, values.length);
      for (double value : values) {
        write(value, json);
      }
      json.writeEndArray();
    }
  }
}
