package com.cpprediction.history;

import java.time.Duration;

/**
 * A Prometheus that scrapes the nodes.
 *
 * @param url its base, http or https, without user, query and fragment
 * @param job the value of the label {@code job} of the nodes, free of quotes
 * @param timeout longest wait for its answers
 */
public record PrometheusSource(String url, String job, Duration timeout) {}
