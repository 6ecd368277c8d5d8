import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.geo.GeoModulePlugin;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * One node of OpenSearch for tests, on 127.0.0.1 alone. Its arguments are its folder and its port, 0 for any free one.
 * It prints "ready" and its port once it answers, and ends when its standard input does, so that it never outlives the
 * test that started it.
 */
public final class OpenSearchNode extends Node {
    /** HTTP, and the grids by which a map counts. */
    private static final List<Class<? extends Plugin>> PLUGINS = List.of(Netty4Plugin.class, GeoModulePlugin.class);

    private OpenSearchNode(Settings settings, Path home) {
        super(new Environment(settings, home.resolve("config")), PLUGINS, true);
    }

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Files.createDirectories(home.resolve("config"));
        Settings settings = Settings.builder()
            .put("path.home", home.toString())
            .put("cluster.name", "kinflow-test")
            .put("node.name", "node")
            .put("node.processors", 1)
            .put("discovery.type", "single-node")
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .put("http.type", "netty4")
            .put("http.host", "127.0.0.1")
            .put("http.port", arguments[1])
            .put("transport.type", "netty4")
            .put("transport.host", "127.0.0.1")
            .put("transport.port", "0")
            .build();
        try (OpenSearchNode node = new OpenSearchNode(settings, home)) {
            node.start();
            int port = node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress().getPort();
            System.out.println("ready " + port);
            while (System.in.read() >= 0) {
                // Nothing is said to it but that it ends.
            }
        }
    }
}
