package sawmill;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/**
 * Runs one OpenSearch node until it is told to stop: {@code java sawmill.Main CONFIG_DIR}.
 * A stock node but for its one plugin, which comes from the class path instead of a folder of modules.
 */
public final class Main {
    public static void main(String[] args) throws Exception {
        Path config = Path.of(args[0]).toAbsolutePath();
        Settings home = Settings.builder().put("path.home", config.getParent()).build();
        Environment environment =
            InternalSettingsPreparer.prepareEnvironment(home, Map.of(), config, () -> "sawmill-test");
        LogConfigurator.setNodeName(Node.NODE_NAME_SETTING.get(environment.settings()));
        LogConfigurator.configure(environment);
        Node node = new ClasspathNode(environment);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node, stopped)));
        node.start();
        stopped.await();
    }

    private static void close(Node node, CountDownLatch stopped) {
        try {
            node.close();
        } catch (Exception e) {
            e.printStackTrace();
        }
        stopped.countDown();
    }

    /** The constructor that takes plugins is visible only to a node's own kind. */
    private static final class ClasspathNode extends Node {
        ClasspathNode(Environment environment) {
            super(environment, List.of(Netty4Plugin.class), true);
        }
    }
}
