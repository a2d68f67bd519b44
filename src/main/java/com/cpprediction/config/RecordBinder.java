package com.cpprediction.config;

import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Binds the keys of the schema to the components of records by name: {@code maxSize} takes {@code
 * max_size}, a {@link Duration} {@code ttl} takes {@code ttl_ms} or {@code ttl_seconds}, and a
 * record takes the keys of the object of its name. Immutable.
 */
final class RecordBinder<R extends Record> {
  private final Constructor<R> constructor;
  private final List<Function<Map<String, Object>, Object>> arguments = new ArrayList<>();

  /**
   * @throws IllegalStateException naming every key without a component, every component without a
   *     key, and every component that can't take the default of its key
   */
  static <R extends Record> RecordBinder<R> of(Class<R> type, Collection<ConfigKey> keys) {
    var unbound = new LinkedHashMap<String, ConfigKey>();
    keys.forEach(key -> unbound.put(key.path(), key));
    var problems = new ArrayList<String>();
    var binder = new RecordBinder<>(type, "", unbound, problems);
    unbound.keySet().forEach(path -> problems.add("no component takes the key " + path));
    if (problems.isEmpty()) return binder;
    throw new IllegalStateException(String.join("; ", problems));
  }

  /**
   * @param prefix of the keys of this record
   * @param unbound loses the keys that are bound
   */
  private RecordBinder(
      Class<R> type, String prefix, Map<String, ConfigKey> unbound, List<String> problems) {
    var components = type.getRecordComponents();
    constructor = canonical(type, components);
    for (var component : components) {
      arguments.add(
          argument(component, prefix + snakeCase(component.getName()), unbound, problems));
    }
  }

  /**
   * @param values by the path of the key
   */
  R bind(Map<String, Object> values) {
    var all = arguments.stream().map(argument -> argument.apply(values)).toArray();
    try {
      return constructor.newInstance(all);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("can't make a " + constructor.getDeclaringClass(), e);
    }
  }

  private static Function<Map<String, Object>, Object> argument(
      RecordComponent component,
      String path,
      Map<String, ConfigKey> unbound,
      List<String> problems) {
    var type = component.getType();
    if (type.isRecord() && type != CallerList.class) {
      var nested = new RecordBinder<>(type.asSubclass(Record.class), path + '.', unbound, problems);
      return nested::bind;
    }
    var paths = type == Duration.class ? List.of(path + "_ms", path + "_seconds") : List.of(path);
    var key = paths.stream().map(unbound::remove).filter(found -> found != null).findFirst();
    if (key.isEmpty()) {
      problems.add("no key %s for %s".formatted(String.join(" or ", paths), component));
      return values -> {
        throw new IllegalStateException("there is no key for " + component);
      };
    }
    var convert = conversion(type, key.get().path());
    if (!accepts(type, key.get(), convert)) {
      problems.add("%s can't take the default of %s".formatted(component, key.get().path()));
    }
    return values -> convert.apply(values.get(key.get().path()));
  }

  private static boolean accepts(Class<?> type, ConfigKey key, Function<Object, Object> convert) {
    try {
      var value = convert.apply(key.normal(key.defaultValue()));
      return MethodType.methodType(type).wrap().returnType().isInstance(value);
    } catch (ClassCastException | IllegalArgumentException e) { // another type; no such constant
      return false;
    }
  }

  private static Function<Object, Object> conversion(Class<?> type, String path) {
    if (type == Duration.class) {
      return path.endsWith("_ms")
          ? value -> Duration.ofMillis((Integer) value)
          : value -> Duration.ofSeconds((Integer) value);
    }
    if (type == OptionalDouble.class) {
      return value ->
          value instanceof Double number ? OptionalDouble.of(number) : OptionalDouble.empty();
    }
    if (type == BearerTokens.class) return value -> BearerTokens.of((String) value);
    if (type == CallerList.class) return value -> CallerList.of((List<?>) value);
    if (type.isEnum()) return value -> constant(type, (String) value);
    return value -> value;
  }

  private static Object constant(Class<?> type, String label) {
    var name = label.toUpperCase(Locale.ROOT);
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> ((Enum<?>) constant).name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(type + " has no " + name));
  }

  private static <R extends Record> Constructor<R> canonical(
      Class<R> type, RecordComponent[] components) {
    var types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      return type.getDeclaredConstructor(types);
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException("every record has a canonical constructor", e);
    }
  }

  private static String snakeCase(String camelCase) {
    return camelCase.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
