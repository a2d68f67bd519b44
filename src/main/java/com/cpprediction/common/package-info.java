/** Two supertypes for every package: of exceptions and of enums. Imports no other package. */
package com.cpprediction.common;
