using System.Text.RegularExpressions;
using Python.Runtime;
using QuantConnect.Configuration;
using QuantConnect.Python;

namespace Leanopt.Harness;

/// <summary>LEAN's Python, started once; the strategy's own modules are imported again for each backtest.</summary>
internal sealed class Python
{
    // Imported libraries stay; changes of the interpreter are restored.
    private const string Code = """
        import os, sys
        _path, _environ, _argv = list(sys.path), dict(os.environ), list(sys.argv)
        _streams = sys.stdin, sys.stdout, sys.stderr
        _hooks = sys.excepthook, sys.displayhook, sys.getrecursionlimit(), sys.getswitchinterval()

        def _own(folder):
            inside = os.path.join(os.path.realpath(folder), '')
            for name, module in list(sys.modules.items()):
                file = getattr(module, '__file__', None)
                if isinstance(file, str) and os.path.realpath(file).startswith(inside):
                    yield name

        def restore(folder):
            for name in list(_own(folder)):
                del sys.modules[name]
            sys.path[:], sys.argv[:] = _path, _argv
            if dict(os.environ) != _environ:
                os.environ.clear()
                os.environ.update(_environ)
            sys.stdin, sys.stdout, sys.stderr = _streams
            sys.excepthook, sys.displayhook = _hooks[:2]
            sys.setrecursionlimit(_hooks[2])
            sys.setswitchinterval(_hooks[3])
            sys.settrace(None)
            sys.setprofile(None)
            sys.dont_write_bytecode = True
        """;

    private readonly PyModule _scope;

    /// <summary>Start the interpreter, with LEAN's folder on its path as under the Launcher.</summary>
    public Python(string lean)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("PYTHONNET_PYDLL")))
        {
            var expected = "set it to the path of libpython3.11.so where workers run";
            throw new Failure(Category.Engine, $"LEAN cannot load Python: PYTHONNET_PYDLL is not set; {expected}");
        }
        var here = Environment.CurrentDirectory;
        Home();
        // LEAN puts the current folder on the path.
        Environment.CurrentDirectory = lean;
        PythonInitializer.ActivatePythonVirtualEnvironment(Config.Get("python-venv"));
        PythonInitializer.Initialize();
        Environment.CurrentDirectory = here;
        using (Py.GIL())
        {
            PythonEngine.Exec("import sys; sys.dont_write_bytecode = True; import pandas, AlgorithmImports");
            _scope = Py.CreateScope("leanopt");
            _scope.Exec(Code);
        }
    }

    // Otherwise the interpreter looks for its library beside the first `python3` on PATH, as a virtual environment's.
    private static void Home()
    {
        var library = new FileInfo(Environment.GetEnvironmentVariable("PYTHONNET_PYDLL") ?? "/");
        var version = Regex.Match(library.Name, @"python\d\.\d+").Value;
        for (var folder = library.Directory; folder is not null && version.Length > 0; folder = folder.Parent)
        {
            var found = File.Exists(Path.Combine(folder.FullName, "lib", version, "os.py"));
            if (found && Environment.GetEnvironmentVariable("PYTHONHOME") is null)
            {
                PythonEngine.PythonHome = folder.FullName;
                return;
            }
        }
    }

    /// <summary>Forget the modules in the folder of the strategy's file, and restore the interpreter.</summary>
    public void Before(string file)
    {
        using (Py.GIL())
        {
            using var folder = Path.GetDirectoryName(file).ToPython();
            using var restore = _scope.Get("restore");
            restore.Invoke(folder).Dispose();
        }
        PythonInitializer.ResetAlgorithmLocationPath();
    }
}
