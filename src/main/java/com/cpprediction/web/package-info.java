/**
 * The files of web pages, kept in the jar so that pages and reports show without a network, and the
 * head of streamed responses.
 */
@NullMarked
package com.cpprediction.web;

import org.jspecify.annotations.NullMarked;
