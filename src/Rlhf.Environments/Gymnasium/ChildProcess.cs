using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Rlhf.Environments.Gymnasium;

/// <summary>
/// A child that answers requests over pipes, under a watch: when an answer does not come in time the child is killed, which ends the read
/// that waits for it. Its last line on stderr is kept.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;
    private readonly Thread _listener;
    private readonly Timer _watch;
    private readonly Lock _lock = new();
    private readonly Stream _input, _output;
    private string _lastLine = string.Empty;
    private bool _waiting, _late, _ended;

    /// <summary>Starts a program with its arguments.</summary>
    /// <exception cref="Win32Exception">The program cannot be started.</exception>
    public ChildProcess(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        _process = Process.Start(start) ?? throw new Win32Exception($"'{program}' did not start");
        (_input, _output) = (_process.StandardInput.BaseStream, _process.StandardOutput.BaseStream);
        _watch = new Timer(_ => OnLate());

        // A thread of its own with a small stack: asynchronous reads of a pipe would hold one of the pool's.
        _listener = new Thread(Listen, maxStackSize: 256 * 1024) { IsBackground = true, Name = $"stderr of {_process.Id}" };
        _listener.Start();
    }

    /// <summary>Its process.</summary>
    public int Id => _process.Id;

    /// <summary>Sends bytes; what a dead child does not take shows when its answer is read.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _input.Write(bytes);
            _input.Flush();
        }
        catch (IOException)
        {
            // A broken pipe: the end of the other one says the same, and says it with an exit code.
        }
    }

    /// <summary>Reads until the buffer is full or, with a line wanted, until a line ends.</summary>
    /// <returns>Bytes read; fewer than wanted when the child ended or was late.</returns>
    public int Receive(Span<byte> buffer, TimeSpan timeout, bool line = false)
    {
        lock (_lock)
        {
            if (_ended)
                return 0;
            _waiting = true;
            _watch.Change(timeout, Timeout.InfiniteTimeSpan);
        }

        int read = 0;
        try
        {
            while (read < buffer.Length && !(line && read > 0 && buffer[read - 1] == (byte)'\n'))
            {
                int more = _output.Read(buffer[read..]);
                if (more == 0)
                    break;
                read += more;
            }
        }
        finally
        {
            lock (_lock)
            {
                _waiting = false;
                _watch.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }

        return read;
    }

    /// <summary>Kills the child with its own children, collects it, and says how it went.</summary>
    /// <returns>Such as <c>was killed by signal 9</c>; null when it lived and answered until now.</returns>
    public string? End(out string lastLine)
    {
        bool late, gone;
        lock (_lock)
            late = _late;

        // A child that closed its pipe is about to end: half a second for its exit code.
        gone = _process.WaitForExit(late ? 0 : 500);
        Kill();
        _listener.Join(1000);
        lastLine = Volatile.Read(ref _lastLine);
        if (late)
            return "did not answer in time and was killed";
        int code = gone ? _process.ExitCode : 0;
        return !gone ? null : code > 128 ? $"was killed by signal {(code - 128).ToString(CultureInfo.InvariantCulture)}" : $"ended with exit code {code.ToString(CultureInfo.InvariantCulture)}";
    }

    /// <summary>Lets the child end by itself, since its stdin ends; kills it when it does not.</summary>
    public void Dispose()
    {
        try
        {
            _input.Dispose();
        }
        catch (IOException)
        {
            // It is gone already.
        }

        _process.WaitForExit(2000);
        Kill();
        _listener.Join(1000);
        _watch.Dispose();
        _output.Dispose();
        _process.Dispose();
    }

    private void Kill()
    {
        lock (_lock)
            _ended = true;
        try
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            _process.WaitForExit(5000);
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception)
        {
            // It ended in between.
        }
    }

    private void OnLate()
    {
        lock (_lock)
        {
            if (!_waiting)
                return;
            _late = true;
        }

        Kill();
    }

    private void Listen()
    {
        try
        {
            while (_process.StandardError.ReadLine() is { } line)
            {
                if (!string.IsNullOrWhiteSpace(line))
                    Volatile.Write(ref _lastLine, line.Trim());
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The pipe went with the child.
        }
    }
}
