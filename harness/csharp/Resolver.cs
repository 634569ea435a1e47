using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Leanopt.Harness;

/// <summary>Finds LEAN's assemblies in LEAN's folder, and a strategy's own beside the strategy.</summary>
internal static class Resolver
{
    /// <summary>Look in `lean` first, then in `strategy`; call it before any type of LEAN is used.</summary>
    public static void Install(string lean, string strategy)
    {
        // LEAN and strategies use this as the Launcher's folder.
        AppContext.SetData("APP_CONTEXT_BASE_DIRECTORY", lean + Path.DirectorySeparatorChar);
        string[] folders = [lean, strategy];
        AssemblyLoadContext.Default.Resolving += (context, name) => Load(context, name, folders);
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => LoadNative(name, lean);
    }

    private static Assembly? Load(AssemblyLoadContext context, AssemblyName name, string[] folders)
    {
        var file = folders.Select(folder => Path.Combine(folder, $"{name.Name}.dll")).FirstOrDefault(File.Exists);
        return file is null ? null : context.LoadFromAssemblyPath(file);
    }

    private static IntPtr LoadNative(string name, string lean)
    {
        string[] folders = [lean, Path.Combine(lean, "runtimes", RuntimeInformation.RuntimeIdentifier, "native")];
        string[] names = [name, $"{name}.so", $"lib{name}.so"];
        foreach (var file in folders.SelectMany(folder => names.Select(one => Path.Combine(folder, one))))
        {
            if (File.Exists(file) && NativeLibrary.TryLoad(file, out var handle))
            {
                return handle;
            }
        }
        return IntPtr.Zero;
    }
}
