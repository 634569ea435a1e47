using System.Runtime.InteropServices;

namespace Leanopt.Harness;

/// <summary>Functions of the C library that .NET lacks.</summary>
internal static class Native
{
    public const int DuplicateAbove = 1030; // F_DUPFD_CLOEXEC
    public const int ReadOnly = 0x80000; // O_RDONLY | O_CLOEXEC

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static extern int Control(int descriptor, int command, int argument);

    [DllImport("libc", EntryPoint = "dup2", SetLastError = true)]
    public static extern int Duplicate(int from, int to);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    public static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    /// <summary>End the process now, without waiting for threads or handlers.</summary>
    [DllImport("libc", EntryPoint = "_exit")]
    public static extern void Exit(int code);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static extern int Kill(int process, int signal);
}
