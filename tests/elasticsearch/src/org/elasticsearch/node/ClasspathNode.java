package org.elasticsearch.node;

import java.util.List;
import java.util.Map;
import java.util.Set;

import org.elasticsearch.env.Environment;
import org.elasticsearch.plugins.ClasspathPlugins;
import org.elasticsearch.plugins.PluginsLoader;
import org.elasticsearch.plugins.PluginsService;

/**
 * A stock node whose plugins are classes of the class path.
 * It lives in Elasticsearch's package because the constructors it calls are visible only there.
 */
public final class ClasspathNode extends Node {
    public ClasspathNode(Environment environment, List<String> pluginClasses) {
        super(NodeConstruction.prepareConstruction(
            environment,
            PluginsLoader.createPluginsLoader(Set.of(), Set.of(), Map.of(), false),
            new NodeServiceProvider() {
                @Override
                PluginsService newPluginService(Environment env, PluginsLoader loader) {
                    return new ClasspathPlugins(env.settings(), env.configDir(), loader, pluginClasses);
                }
            },
            true));
    }
}
