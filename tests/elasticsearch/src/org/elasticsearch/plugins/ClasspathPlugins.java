package org.elasticsearch.plugins;

import java.lang.reflect.Constructor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import org.elasticsearch.Build;
import org.elasticsearch.action.admin.cluster.node.info.PluginsAndModules;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.plugins.spi.SPIClassIterator;

/**
 * Plugins named by class. Elasticsearch wants each plugin as an unpacked bundle with a descriptor; Maven Central
 * has only their jars, so all of them share the one class path here.
 */
public final class ClasspathPlugins extends PluginsService {
    private final List<LoadedPlugin> plugins;
    private final PluginsAndModules info;

    public ClasspathPlugins(Settings settings, Path config, PluginsLoader loader, List<String> classNames) {
        super(settings, config, loader);
        plugins = classNames.stream()
            .map(name -> new LoadedPlugin(descriptor(name), plugin(name, settings, config), getClass().getClassLoader()))
            .toList();
        info = new PluginsAndModules(List.of(), classNames.stream().map(ClasspathPlugins::descriptor).toList());
        for (LoadedPlugin loaded : plugins) {
            if (loaded.instance() instanceof ExtensiblePlugin extensible) {
                extensible.loadExtensions(new NoExtensions());
            }
        }
    }

    private static PluginDescriptor descriptor(String name) {
        String version = Build.current().version();
        return new PluginDescriptor(name, "from the class path", version, version, System.getProperty("java.version"),
            name, null, List.of(), false, false, false, false);
    }

    private static Plugin plugin(String name, Settings settings, Path config) {
        try {
            for (Constructor<?> constructor : Class.forName(name).getConstructors()) {
                List<Class<?>> wanted = List.of(constructor.getParameterTypes());
                if (wanted.equals(List.of(Settings.class, Path.class))) {
                    return (Plugin) constructor.newInstance(settings, config);
                }
                if (wanted.equals(List.of(Settings.class))) {
                    return (Plugin) constructor.newInstance(settings);
                }
                if (wanted.isEmpty()) {
                    return (Plugin) constructor.newInstance();
                }
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(name, e);
        }
        throw new IllegalStateException("no constructor that a plugin has: " + name);
    }

    /** With one class loader for all, every service is built once, for the plugin that its constructor asks for. */
    @Override
    public <T> List<? extends T> loadServiceProviders(Class<T> service) {
        List<T> providers = new ArrayList<>();
        SPIClassIterator<T> classes = SPIClassIterator.get(service, getClass().getClassLoader());
        while (classes.hasNext()) {
            provider(classes.next()).ifPresent(providers::add);
        }
        return providers;
    }

    private <T> Optional<T> provider(Class<? extends T> type) {
        try {
            for (Constructor<?> constructor : type.getConstructors()) {
                for (LoadedPlugin loaded : plugins) {
                    if (List.of(constructor.getParameterTypes()).equals(List.of(loaded.instance().getClass()))) {
                        return Optional.of(type.cast(constructor.newInstance(loaded.instance())));
                    }
                }
            }
            boolean plain = type.getConstructors().length == 1 && type.getConstructors()[0].getParameterCount() == 0;
            return plain ? Optional.of(type.cast(type.getConstructors()[0].newInstance())) : Optional.empty();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type.getName(), e);
        }
    }

    @Override
    protected List<LoadedPlugin> plugins() {
        return plugins;
    }

    @Override
    public PluginsAndModules info() {
        return info;
    }

    private static final class NoExtensions implements ExtensiblePlugin.ExtensionLoader {
        @Override
        public <T> List<T> loadExtensions(Class<T> type) {
            return List.of();
        }
    }
}
