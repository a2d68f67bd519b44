/** Text tables and progress bars of the commands. Imports no other package. */
package com.cpprediction.terminal;
