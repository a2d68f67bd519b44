/** The command line, one class per command. Start reading at {@link com.cpprediction.cli.Main}. */
package com.cpprediction.cli;
