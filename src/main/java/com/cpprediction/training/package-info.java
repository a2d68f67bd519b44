/**
 * Offline: reads labelled addresses and writes a release of models, and measures one. The service
 * never imports it. Start reading at {@code Training}.
 */
package com.cpprediction.training;
