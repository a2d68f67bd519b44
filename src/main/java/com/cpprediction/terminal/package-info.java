/** Text tables and progress bars of the commands. Imports no other package. */
@NullMarked
package com.cpprediction.terminal;

import org.jspecify.annotations.NullMarked;
