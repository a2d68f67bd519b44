/** For every package: supertypes of exceptions and of enums, counted slots. Imports no other. */
@NullMarked
package com.cpprediction.common;

import org.jspecify.annotations.NullMarked;
