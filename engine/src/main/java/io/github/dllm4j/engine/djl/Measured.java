package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.annotation.JacksonAnnotationsInside;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A double of a JSON file that need not have been measured: NaN here, null there, as every NaN is
 * written.
 */
@JacksonAnnotationsInside
@JsonDeserialize(using = Measured.Reader.class)
@Target({ElementType.FIELD, ElementType.METHOD, ElementType.PARAMETER}) // of a record
@Retention(RetentionPolicy.RUNTIME)
public @interface Measured {

  /** Null as NaN. */
  final class Reader extends JsonDeserializer<Double> {
    @Override
    public Double deserialize(JsonParser json, DeserializationContext context) throws IOException {
      return context.readValue(json, Double.class);
    }

    @Override
    public Double getNullValue(DeserializationContext context) {
      return Double.NaN;
    }
  }
}
