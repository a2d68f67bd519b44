package com.cpprediction.bulk;

import io.vertx.core.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A line of the input.
 *
 * @param number from 1
 * @param cells of CSV, as many as it has columns; empty for a line of JSON
 * @param shipment as {@code POST /predict/batch} takes it; null for a line that can't be sent
 * @param fault why it can't; null for one that can
 */
record BulkLine(
    long number, List<String> cells, @Nullable JsonObject shipment, @Nullable String fault) {}
