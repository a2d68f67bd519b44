/** The command line: one class per command. Start at {@link com.cpprediction.cli.Main}. */
package com.cpprediction.cli;
