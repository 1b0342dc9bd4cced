package sawmill;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.KeyStoreWrapper;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.ClasspathNode;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;

/**
 * Runs one Elasticsearch node until it is told to stop: {@code java sawmill.Main CONFIG_DIR PLUGIN_CLASS...}.
 * Settings come from {@code CONFIG_DIR/elasticsearch.yml}; {@code ELASTIC_PASSWORD} gives the built-in user
 * {@code elastic} its password, as it does in the official image.
 */
public final class Main {
    public static void main(String[] args) throws Exception {
        Environment environment = environment(Path.of(args[0]).toAbsolutePath());
        LogConfigurator.setNodeName(Node.NODE_NAME_SETTING.get(environment.settings()));
        LogConfigurator.configure(environment, true);
        Node node = new ClasspathNode(environment, List.of(args).subList(1, args.length));
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node, stopped)));
        node.start();
        stopped.await();
    }

    private static Environment environment(Path config) throws Exception {
        Settings.Builder settings = Settings.builder().put("path.home", config.getParent());
        String password = System.getenv("ELASTIC_PASSWORD");
        if (password != null) {
            KeyStoreWrapper keystore = KeyStoreWrapper.create();
            keystore.setString("bootstrap.password", password.toCharArray());
            settings.setSecureSettings(keystore);
        }
        return InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), config, () -> "sawmill-test");
    }

    private static void close(Node node, CountDownLatch stopped) {
        try {
            node.close();
        } catch (Exception e) {
            e.printStackTrace();
        }
        stopped.countDown();
    }
}
