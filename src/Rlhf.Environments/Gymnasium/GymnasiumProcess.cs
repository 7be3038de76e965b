using System.Buffers.Binary;
using System.ComponentModel;
using System.IO.MemoryMappedFiles;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Environments.Gymnasium;

/// <summary>This side of the protocol (README.md of this folder): one child, one environment, one piece of shared memory.</summary>
internal sealed class GymnasiumProcess : IDisposable
{
    private const int Protocol = 1, RequestLength = 16, ReplyLength = 32, LongestHello = 1 << 20, LongestText = 4096;

    // The script itself comes over stdin, unbuffered, so that what follows it is left to it. As an argument its words would be read by the
    // shims of version managers (pyenv takes "-m pip" anywhere for an installation, and stays between us and Python).
    private const string Loader =
        "import os\ni = os.fdopen(0, 'rb', 0, closefd=False)\nn = int(i.readline())\ns = b''\nwhile len(s) < n: s += i.read(n - len(s)) or exit(1)\nexec(compile(s, 'gymnasium_bridge.py', 'exec'))";

    private static readonly Lazy<byte[]> Script = new(() =>
    {
        using Stream stream = typeof(GymnasiumProcess).Assembly.GetManifestResourceStream("gymnasium_bridge.py")!;
        byte[] script = new byte[stream.Length];
        stream.ReadExactly(script);
        return [.. Encoding.ASCII.GetBytes($"{script.Length}\n"), .. script];
    });

    private readonly ChildProcess _child;
    private readonly TimeSpan _stepTimeout;
    private readonly byte[] _request = new byte[RequestLength], _reply = new byte[ReplyLength];
    private readonly float[] _action;
    private readonly MemoryMappedFile? _memory;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly int _observationAt;
    private bool _broken;

    /// <summary>Starts the child and makes the environment there.</summary>
    /// <exception cref="GymnasiumException">Names the environment and what happened.</exception>
    public GymnasiumProcess(string name, JsonObject arguments, GymnasiumOptions options)
    {
        Id = GymnasiumBridge.Prefix + name;
        _stepTimeout = options.StepTimeout;
        string python = options.Python ?? Environment.GetEnvironmentVariable("RLHF_PYTHON") ?? "python3";
        try
        {
            _child = new ChildProcess(python, ["-c", Loader]);
        }
        catch (Win32Exception error)
        {
            throw new GymnasiumException($"environment '{Id}' needs Python: '{python}' cannot be started ({error.Message}); name an interpreter that has gymnasium with --gym_python or RLHF_PYTHON", error);
        }

        try
        {
            _child.Send(Script.Value);
            SendLine(new JsonObject
            {
                ["id"] = name,
                ["arguments"] = arguments,
                ["modules"] = new JsonArray([.. options.Modules.Select(module => (JsonNode?)JsonValue.Create(module))]),
            });
            JsonObject hello = Hello(options.StartTimeout);
            Layout = new ObservationLayout(Id, (string?)hello["observation"]?["dtype"] ?? string.Empty, Integers(hello["observation"]?["shape"]));
            Actions = ReadActions(hello["action"]);
            MaxSteps = (int?)hello["max_steps"];
            FramesPerSecond = (double?)hello["fps"];

            _action = new float[Actions.Length];
            _observationAt = sizeof(long) + (sizeof(float) * (Actions.IsDiscrete ? 0 : Actions.Length));
            (_memory, _view) = Share(_observationAt + Layout.Bytes, options.StartTimeout);
        }
        catch (Exception error)
        {
            // What JSON holds is the child's doing as well.
            GymnasiumException failure = error as GymnasiumException ?? Fail($"described itself in a way that cannot be read ({error.Message.ReplaceLineEndings(" ")})");
            Dispose();
            if (error is GymnasiumException or JsonException or InvalidOperationException or FormatException or ArgumentException)
                throw failure;
            throw;
        }
    }

    /// <summary><c>gym:NAME</c>.</summary>
    public string Id { get; }

    /// <summary>What an observation is.</summary>
    public ObservationLayout Layout { get; }

    /// <summary>What the agent may do.</summary>
    public ActionSpace Actions { get; }

    /// <summary>Steps after which Gymnasium truncates an episode; null: it does not.</summary>
    public int? MaxSteps { get; }

    /// <summary>The environment's own frame rate, where it says one.</summary>
    public double? FramesPerSecond { get; }

    /// <summary>The child's process.</summary>
    public int ProcessId => _child.Id;

    /// <summary>Begins an episode. Gymnasium's seeds have 31 bits here: some environments take no more.</summary>
    public GymnasiumReply Reset(ulong seed) => Ask('R', seed & int.MaxValue, "a reset");

    /// <summary>One step.</summary>
    /// <param name="action">An index, or coordinates, clipped to the bounds here.</param>
    public GymnasiumReply Step(ReadOnlySpan<float> action)
    {
        if (_broken)
            throw new ObjectDisposedException(Id, $"the process of environment '{Id}' is gone");
        if (action.Length < Actions.Length)
            throw new ArgumentException($"an action of environment '{Id}' has {action.Length} numbers, expected {Actions.Length}");
        if (Actions.IsDiscrete)
        {
            int choice = (int)action[0];
            if (choice != action[0] || (uint)choice >= (uint)Actions.Choices)
                throw new ArgumentOutOfRangeException(nameof(action), action[0], $"action of environment '{Id}', expected 0 to {Actions.Choices - 1}");
            _view!.Write(0, (long)choice);
        }
        else
        {
            for (int i = 0; i < _action.Length; i++)
            {
                if (float.IsNaN(action[i]))
                    throw new ArgumentOutOfRangeException(nameof(action), action[i], $"coordinate {i} of an action of environment '{Id}', expected a number");
                _action[i] = Math.Clamp(action[i], Actions.Low[i], Actions.High[i]);
            }

            _view!.SafeMemoryMappedViewHandle.WriteSpan<float>(sizeof(long), _action);
        }

        return Ask('S', 0, "a step");
    }

    /// <summary>Copies the observation out of shared memory.</summary>
    public void ReadObservation(Span<byte> raw) => _view!.SafeMemoryMappedViewHandle.ReadSpan((ulong)_observationAt, raw);

    /// <summary>Kills the child, if it still lives, and makes the one error that tells of it.</summary>
    /// <param name="what">What went wrong, as the predicate of "environment '…'"; how the process ended is added.</param>
    public GymnasiumException Fail(string what)
    {
        _broken = true;
        string? end = _child.End(out string lastLine);
        string words = lastLine.Length > 0 ? $"; its last words: {lastLine}" : string.Empty;
        return new GymnasiumException($"environment '{Id}' {what}{(end is null ? "; its process was killed" : $": its process {end}")}{words}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _broken = true;
        _child.Dispose();
        _view?.Dispose();
        _memory?.Dispose();
    }

    private static int[] Integers(JsonNode? node) =>
        node is JsonArray array ? [.. array.Select(item => (int?)item ?? 0)] : throw new FormatException("an observation's shape is missing");

    private GymnasiumReply Ask(char operation, ulong seed, string request)
    {
        if (_broken)
            throw new ObjectDisposedException(Id, $"the process of environment '{Id}' is gone");
        _request[0] = (byte)operation;
        BinaryPrimitives.WriteUInt64LittleEndian(_request.AsSpan(8), seed);
        _child.Send(_request);
        return Receive(_stepTimeout, request);
    }

    private GymnasiumReply Receive(TimeSpan timeout, string request)
    {
        int read = _child.Receive(_reply, timeout);
        if (read < ReplyLength || !_reply.AsSpan(0, 4).SequenceEqual("RLHF"u8))
            throw Fail(read == 0 ? $"gave no answer to {request}" : $"answered {request} with rubbish ({Excerpt(_reply.AsSpan(0, read))})");
        if (_reply[4] != 0)
        {
            byte[] text = new byte[Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(_reply.AsSpan(24)), LongestText)];
            int length = _child.Receive(text, timeout);
            throw Fail($"failed in {request}: {Encoding.UTF8.GetString(text, 0, length).ReplaceLineEndings(" ")}");
        }

        return new GymnasiumReply(
            BinaryPrimitives.ReadDoubleLittleEndian(_reply.AsSpan(16)), _reply[5] != 0, _reply[6] != 0, BinaryPrimitives.ReadInt32LittleEndian(_reply.AsSpan(8)));
    }

    private JsonObject Hello(TimeSpan timeout)
    {
        byte[] line = new byte[LongestHello];
        int read = _child.Receive(line, timeout, line: true);
        if (read == 0)
            throw Fail("could not be made");
        JsonObject? hello = null;
        try
        {
            hello = JsonNode.Parse(line.AsSpan(0, read)) as JsonObject;
        }
        catch (JsonException)
        {
            // Told below, with what came instead.
        }

        if (hello is null || (int?)hello["protocol"] != Protocol)
            throw Fail($"answered its start with rubbish ({Excerpt(line.AsSpan(0, read))})");
        if ((string?)hello["error"] is { } error)
        {
            _child.End(out _);
            throw new GymnasiumException($"environment '{Id}' cannot be made: {error.ReplaceLineEndings(" ")}");
        }

        return hello;
    }

    private ActionSpace ReadActions(JsonNode? node)
    {
        if ((int?)node?["choices"] is { } choices)
            return ActionSpace.Discrete(choices);
        float[] low = Bounds(node?["low"]), high = Bounds(node?["high"]);
        return ActionSpace.Box(low, high);
    }

    private float[] Bounds(JsonNode? node) => node is JsonArray array
        ? [.. array.Select(item => (float?)(double?)item ?? throw Fail("has actions without bounds, expected a box with finite ones (a wrapper such as RescaleAction makes one)"))]
        : throw new FormatException("an action's bounds are missing");

    /// <summary>A file that both sides map, unlinked as soon as both have: whoever dies, nothing is left of it.</summary>
    private (MemoryMappedFile Memory, MemoryMappedViewAccessor View) Share(int length, TimeSpan timeout)
    {
        string folder = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        string path = Path.Combine(folder, $"rlhf-gymnasium-{Environment.ProcessId}-{Guid.NewGuid():N}");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, PreallocationSize = length };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var file = new FileStream(path, options);
            file.SetLength(length);
            MemoryMappedFile memory = MemoryMappedFile.CreateFromFile(file, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
            try
            {
                MemoryMappedViewAccessor view = memory.CreateViewAccessor(0, length);
                SendLine(new JsonObject { ["memory"] = path });
                Receive(timeout, "its start");
                return (memory, view);
            }
            catch
            {
                memory.Dispose();
                throw;
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private void SendLine(JsonObject message) => _child.Send(Encoding.UTF8.GetBytes(message.ToJsonString() + "\n"));

    private static string Excerpt(ReadOnlySpan<byte> bytes)
    {
        string text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, 60)]).ReplaceLineEndings(" ").Trim();
        return $"'{string.Concat(text.Select(letter => char.IsControl(letter) ? '.' : letter))}'";
    }
}
