using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Rlhf.Kernels.Cuda.Evidence;

namespace Rlhf.Cli.Verbs.Kernels;

/// <summary><c>rlhf kernels run</c>: a process that runs one kernel and nothing else, for a profiler.</summary>
internal static class RunKernel
{
    private const int DefaultIterations = 20;

    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Kernel: " + string.Join(", ", DeviceBench.Kinds.Select(kind => kind.Name)) };
        name.AcceptOnlyFromAmong([.. DeviceBench.Kinds.Select(kind => kind.Name)]);
        var shape = new Option<int[]?>("--shape") { Description = "Sizes, e.g. 4096x50257 [default: the kernel's own]", HelpName = "AxB", CustomParser = Shape };
        var dtype = new Option<string?>("--dtype") { Description = "Storage of logits, hidden states and weights [default: f32]" };
        dtype.AcceptOnlyFromAmong("f32", "bf16", "f16");
        var iterations = new Option<int>("--iterations") { Description = "Timed calls, after one that is not", DefaultValueFactory = _ => DefaultIterations };
        iterations.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int>() < 1)
                result.AddError("--iterations: expected at least 1");
        });
        Option<string> backend = DeviceOption.Create();
        var command = new Command("run", "Run one kernel on seeded data in a process of its own, e.g. under ncu") { name, shape, dtype, iterations, backend };
        command.SetAction((result, cancellation) => Task.Run(
            () =>
            {
                using DeviceBench bench = new(DeviceOption.Driver(result.GetRequiredValue(backend)));
                Run(
                    result.InvocationConfiguration.Output,
                    bench,
                    bench.Time(result.GetRequiredValue(name), result.GetValue(shape), result.GetValue(dtype), result.GetValue(iterations)));
                return CommandLine.Success;
            },
            cancellation));
        return command;
    }

    private static void Run(TextWriter output, DeviceBench bench, KernelTiming timing)
    {
        string launches = timing.Launches switch { 0 => "with products of a library", 1 => "1 launch", int many => $"{many} launches" };
        output.WriteLine($"{timing.Kernel} {timing.Shape} {timing.Dtype} on {bench.Device}: {timing.Iterations} calls, {launches}, least bytes {timing.Bytes:F0}");
        output.WriteLine(bench.IsEmulator
            ? "time: not given, an emulator's time says nothing of a device"
            : string.Create(CultureInfo.InvariantCulture, $"time: {timing.Microseconds:F2} us a call, {timing.GigabytesPerSecond:F1} GB/s of the least bytes"));
    }

    private static int[]? Shape(ArgumentResult result)
    {
        string text = string.Concat(result.Tokens.Select(token => token.Value));
        List<int> sizes = [];
        foreach (string part in text.Split('x', ','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int size) || size < 1)
            {
                result.AddError($"--shape: {text}, expected positive numbers with x between them, e.g. 4096x50257");
                return null;
            }

            sizes.Add(size);
        }

        return [.. sizes];
    }
}
