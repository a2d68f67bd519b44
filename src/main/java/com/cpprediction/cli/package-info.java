/** The command line, one class per command. Start reading at {@link com.cpprediction.cli.Main}. */
@NullMarked
package com.cpprediction.cli;

import org.jspecify.annotations.NullMarked;
