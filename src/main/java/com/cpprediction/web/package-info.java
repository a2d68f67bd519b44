/**
 * Files of web pages, kept in the jar so that pages and reports work offline, and the framing of
 * streamed responses.
 */
@NullMarked
package com.cpprediction.web;

import org.jspecify.annotations.NullMarked;
