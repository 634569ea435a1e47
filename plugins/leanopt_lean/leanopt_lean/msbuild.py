"""The inputs of `dotnet build` that compile a user's project against the workers' LEAN.

The project file stays unchanged. MSBuild imports our settings from files, two of them in place of
Directory.Build.props and .targets (ours import the project's own):

- intermediate files go below the output: sources are mounted read-only;
- references to QuantConnect's packages become references to the assemblies in the launcher's
  folder, as in LEAN CLI; so do other packages whose assembly is there (Newtonsoft.Json, NodaTime,
  MathNet.Numerics). A project with no other packages compiles without a network;
- the framework is the launcher's, for the project and those that it refers to. A file sets it:
  `dotnet build` ignores the command line's framework when it restores packages;
- without a network, the package source is an empty folder: a missing package fails immediately, not
  after several timeouts.

Debug information is embedded: LEAN loads an assembly with a .pdb beside it from memory, and such an
assembly does not find the others in its folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import quoteattr

from attrs import frozen

from leanopt_lean.snapshot import open_to_readers

# LEAN's examples: a strategy copied from one would define the same class twice.
_EXAMPLES = "QuantConnect.Algorithm.CSharp.dll"
#: The exit code of `command` without `dotnet`; the shell's code for "command not found".
NO_COMPILER = 127

_PACKAGE = re.compile(r"<PackageReference\s[^>]*?Include\s*=\s*[\"']([^\"']+)[\"']")
_ENVIRONMENT = (
    *("DOTNET_CLI_HOME={output}/home", "NUGET_PACKAGES={output}/packages"),
    *("DOTNET_NOLOGO=1", "DOTNET_CLI_TELEMETRY_OPTOUT=1", "MSBUILDTERMINALLOGGER=off"),
)
# An image may have no shell.
_WITH_ENVIRONMENT = f"""
import os, sys
at = sys.argv.index("dotnet")
os.environ.update(one.split("=", 1) for one in sys.argv[1:at])
try:
    os.execvp("dotnet", sys.argv[at:])
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit({NO_COMPILER})
"""
# By default `dotnet build` leaves servers running for the next build.
_QUIET = ("--nologo", "-v", "minimal", "-nodeReuse:false", "-p:UseSharedCompilation=false")
_IMPORTS = (
    "-p:DirectoryBuildPropsPath={output}/leanopt.props",
    "-p:DirectoryBuildTargetsPath={output}/leanopt.targets",
    "-p:BeforeMicrosoftNETSdkTargets={output}/leanopt.framework.targets",
)

_PROPS = """<Project>
  <Import Project="$(MSBuildProjectDirectory)/Directory.Build.props"
          Condition="Exists('$(MSBuildProjectDirectory)/Directory.Build.props')" />
  <PropertyGroup>
    <BaseIntermediateOutputPath>$(MSBuildThisFileDirectory)obj/$(MSBuildProjectName)/</BaseIntermediateOutputPath>
    <PathMap>$(MSBuildProjectDirectory)=/source</PathMap>
    <CopyLocalLockFileAssemblies>true</CopyLocalLockFileAssemblies>
    <NuGetAudit>false</NuGetAudit>{sources}
  </PropertyGroup>
</Project>
"""
_OFFLINE = """
    <RestoreSources>$(MSBuildThisFileDirectory)offline</RestoreSources>"""
_FRAMEWORK = """<Project>
  <PropertyGroup>
    <TargetFramework>{framework}</TargetFramework>
    <TargetFrameworks></TargetFrameworks>
    <RestoreLockedMode>false</RestoreLockedMode>
    <NuGetLockFilePath>$(BaseIntermediateOutputPath)packages.lock.json</NuGetLockFilePath>
  </PropertyGroup>
</Project>
"""
_TARGETS = """<Project>
  <Import Project="$(MSBuildProjectDirectory)/Directory.Build.targets"
          Condition="Exists('$(MSBuildProjectDirectory)/Directory.Build.targets')" />
  <PropertyGroup>
    <NoWarn>$(NoWarn);MSB3246;MSB3277</NoWarn>
  </PropertyGroup>
  <ItemGroup>
{packages}
    <Reference Include={assemblies} Exclude={examples} Private="false" />
  </ItemGroup>
</Project>
"""


@frozen
class Options:
    """How projects are compiled.

    `launcher` is LEAN's folder where workers run; `network` allows downloads of packages;
    `time_limit` is the compiler's, in seconds.
    """

    launcher: str = "/Lean/Launcher/bin/Debug"
    network: bool = False
    time_limit: float = 600.0


def command(project: str) -> tuple[str, ...]:
    """Return the command that compiles `{build}`/`project` into `{output}/bin`.

    Caches are below the output too: a container's home is missing or read-only.
    """
    build = ("dotnet", "build", f"{{build}}/{project}", "-c", "Release", "-o", "{output}/bin")
    python = ("{python}", "-I", "-c", _WITH_ENVIRONMENT)
    return (*python, *_ENVIRONMENT, *build, *_QUIET, *_IMPORTS, "-p:DebugType=embedded")


def write_imports(output: Path, source: Path, text: str, framework: str, options: Options) -> None:
    """Write the files into `output` that MSBuild imports; `text` is the project file's.

    `framework` is the launcher's, as `net10.0`. All users may read the files, even with a strict
    umask.
    """
    (output / "offline").mkdir()
    own_sources = any(path.name.lower() == "nuget.config" for path in source.iterdir())
    props = _PROPS.replace("{sources}", "" if options.network or own_sources else _OFFLINE)
    (output / "leanopt.props").write_text(props, encoding="utf-8")
    chosen = _FRAMEWORK.replace("{framework}", framework)
    (output / "leanopt.framework.targets").write_text(chosen, encoding="utf-8")
    launcher = _escaped(options.launcher)
    packages = "\n".join(_removed(name, launcher) for name in sorted(set(_PACKAGE.findall(text))))
    targets = _TARGETS.replace("{assemblies}", quoteattr(f"{launcher}/*.dll"))
    targets = targets.replace("{examples}", quoteattr(f"{launcher}/{_EXAMPLES}"))
    targets = targets.replace("{packages}", packages)
    (output / "leanopt.targets").write_text(targets, encoding="utf-8")
    open_to_readers(output)


def _removed(package: str, launcher: str) -> str:
    """Return the element that removes a package reference if LEAN's folder has its assembly."""
    name = quoteattr(package)
    if package.lower().startswith("quantconnect."):
        return f"    <PackageReference Remove={name} />"
    there = quoteattr(f"Exists('{launcher}/{package}.dll')")
    return f"    <PackageReference Remove={name} Condition={there} />"


def _escaped(path: str) -> str:
    """Return a path with MSBuild's special characters escaped."""
    return re.sub(r"[%*?@$();']", lambda match: f"%{ord(match[0]):02X}", path.rstrip("/"))
