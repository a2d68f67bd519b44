/**
 * The files that pages are made of, kept in the jar: the pages of the service and the reports of
 * its tools show without a network.
 */
package com.cpprediction.web;
