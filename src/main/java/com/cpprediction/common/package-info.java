/** Two supertypes for every package: of exceptions and of enums. Imports no other package. */
@NullMarked
package com.cpprediction.common;

import org.jspecify.annotations.NullMarked;
