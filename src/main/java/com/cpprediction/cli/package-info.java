/**
 * The command line, one class per command. Start reading at {@link com.cpprediction.cli.Main}.
 *
 * <p>{@code ManCommand} writes manual pages itself: picocli's own generator gives AsciiDoc, which
 * would need AsciidoctorJ and the JRuby below it to become roff, in each build.
 */
@NullMarked
package com.cpprediction.cli;

import org.jspecify.annotations.NullMarked;
