package com.cpprediction.testing;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebDriver;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;

/**
 * A headless Chromium of its own, with a fresh profile. Remembers what pages write to the console
 * and where they send requests. Where Chromium is missing, the test is skipped, as {@link Tool}
 * says.
 */
public final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What a browser finds within itself: content in a URL, and its own pages. */
  private static final Set<String> INNER = Set.of("data", "blob", "chrome", "chrome-untrusted");

  private final Path profile;
  private final ChromeDriver driver;

  private Browser(Path profile, ChromeDriver driver) {
    this.profile = profile;
    this.driver = driver;
  }

  /**
   * Starts one with a window of a desktop's size. It reaches this machine only.
   *
   * @param names beside {@code 127.0.0.1} and {@code localhost} that are this machine to it
   */
  public static Browser start(String... names) {
    var here = Stream.of(names).map("MAP %s 127.0.0.1, "::formatted).collect(Collectors.joining());
    var chromium = Tool.find("chromium", "chromium");
    var chromedriver = Tool.find("chromedriver", "chromium-driver");
    var profile = temporaryDirectory();
    var log = new LoggingPreferences();
    log.enable(LogType.BROWSER, Level.ALL);
    log.enable(LogType.PERFORMANCE, Level.ALL);
    var options =
        new ChromeOptions()
            .setBinary(chromium.toString())
            .addArguments(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--window-size=1440,900",
                "--host-resolver-rules="
                    + here
                    + "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
                "--user-data-dir=" + profile);
    options.setCapability("goog:loggingPrefs", log);
    var service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(chromedriver.toFile())
            .usingAnyFreePort()
            .build();
    try {
      return new Browser(profile, new ChromeDriver(service, options));
    } catch (RuntimeException e) {
      Directories.delete(profile);
      throw e;
    }
  }

  /** For all that Selenium can do. */
  public ChromeDriver driver() {
    return driver;
  }

  public Browser open(String url) {
    driver.get(url);
    return this;
  }

  /** The first element that matches a CSS selector, once there is one that can be seen. */
  public WebElement find(String selector) {
    return until(
        seeing -> {
          var all = seeing.findElements(By.cssSelector(selector));
          return all.stream().filter(WebElement::isDisplayed).findFirst().orElse(null);
        });
  }

  /** What {@code condition} gives once that is neither null nor false, which it is within 30 s. */
  public <T> T until(Function<WebDriver, T> condition) {
    return new WebDriverWait(driver, PATIENCE).until(condition);
  }

  /** What a script in the page returns. */
  public Object run(String script, Object... arguments) {
    return driver.executeScript(script, arguments);
  }

  /** Gives the page as much room as a screen has, in CSS pixels. */
  public Browser viewport(int width, int height) {
    command(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
    return this;
  }

  /** Makes the page believe in {@code prefers-color-scheme: dark}, or light. */
  public Browser dark(boolean dark) {
    var scheme = Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light");
    command("Emulation.setEmulatedMedia", Map.of("features", List.of(scheme)));
    return this;
  }

  /** Warnings and errors on the console since it was asked last. */
  public List<String> complaints() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .map(entry -> entry.getLevel() + " " + entry.getMessage())
        .toList();
  }

  /** Where requests went since it was asked last: every URL that isn't found in the browser. */
  public List<String> requests() {
    var urls = new ArrayList<String>();
    for (var entry : driver.manage().logs().get(LogType.PERFORMANCE)) {
      var message = new JsonObject(entry.getMessage()).getJsonObject("message");
      if (!message.getString("method").equals("Network.requestWillBeSent")) continue;
      var url = message.getJsonObject("params").getJsonObject("request").getString("url");
      if (!INNER.contains(url.substring(0, url.indexOf(':')))) urls.add(url);
    }
    return urls;
  }

  /** Writes what is to be seen now to a PNG file. */
  public void screenshot(Path file) {
    try {
      Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    driver.quit();
    Directories.delete(profile);
  }

  private void command(String name, Map<String, Object> parameters) {
    driver.executeCdpCommand(name, parameters);
  }

  private static Path temporaryDirectory() {
    try {
      return Files.createTempDirectory("browser");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
