using System.Text.RegularExpressions;
using Rlhf.Kernels;

namespace Rlhf.Architecture.Tests;

/// <summary>A kernel has the same address in every room; whichever is empty is named.</summary>
public sealed partial class KernelAddressTests
{
    // A kernel with a forward and a backward call has two contracts, two bodies or one that shares their loop, one reference, one test.
    private static readonly string[] Parts = ["", "Forward", "Backward"];

    // The fused head is a chain of launches: a call has no device body of its own name, its row kernel between the products stands there.
    private static readonly Dictionary<string, string> DeviceBodies = new()
    {
        ["LinearLogprobs"] = "linear_rows",
        ["LinearPpo"] = "linear_ppo_rows",
    };

    /// <summary>The catalogue.</summary>
    public static IEnumerable<TestCaseData> Kernels =>
        KernelCatalogue.All.Select(kernel => new TestCaseData(kernel).SetArgDisplayNames(kernel.Family, kernel.Name));

    [TestCaseSource(nameof(Kernels))]
    public void Kernel_StandsInEveryRoom(KernelInfo kernel)
    {
        string[] methods = Methods(kernel);
        Assert.That(methods, Is.Not.Empty, $"IKernels has no method {kernel.Name}");
        string family = $"src/Rlhf.Kernels/{kernel.Family}";
        string[] bodies = Repository.Has($"{family}/{kernel.Name}Cpu.cs") ? [kernel.Name] : methods;
        string[] addresses =
        [
            .. methods.Select(method => $"{family}/{method}Args.cs"),
            .. bodies.Select(body => $"{family}/{body}Cpu.cs"),
            $"src/Rlhf.Kernels.Reference/{kernel.Family}/{kernel.Name}.cs",
            $"tests/Rlhf.Kernels.Conformance/{kernel.Family}/{kernel.Name}Tests.cs",
        ];
        Assert.That(addresses.Where(address => !Repository.Has(address)), Is.Empty, "empty addresses");
    }

    [TestCaseSource(nameof(Kernels))]
    public void Kernel_StandsInTheDeviceRooms(KernelInfo kernel)
    {
        // As on the processor: one launcher for both calls, or one for each; device code is divided as its launchers are.
        string family = $"src/Rlhf.Kernels.Cuda/{kernel.Family}";
        string[] launchers = Repository.Has($"{family}/{kernel.Name}Cuda.cs") ? [kernel.Name] : Methods(kernel);
        string[] addresses =
        [
            .. launchers.Select(launcher => $"{family}/{launcher}Cuda.cs"),
            .. launchers.Select(launcher => $"kernels/{Snake(kernel.Family)}/{DeviceBodies.GetValueOrDefault(launcher, Snake(launcher))}.cu"),
        ];
        Assert.That(addresses, Is.Not.Empty);
        Assert.That(addresses.Where(address => !Repository.Has(address)), Is.Empty, "empty addresses");
    }

    [Test]
    public void EveryMethod_IsInTheCatalogue() =>
        Assert.That(
            typeof(IKernels).GetMethods().Where(method => !method.IsSpecialName).Select(method => method.Name)
                .Where(method => !KernelCatalogue.All.Any(kernel => Parts.Any(part => kernel.Name + part == method))),
            Is.Empty);

    [Test]
    public void Names_AreUnique() => Assert.That(KernelCatalogue.All.Select(kernel => kernel.Name), Is.Unique);

    private static string[] Methods(KernelInfo kernel) =>
        [.. Parts.Select(part => kernel.Name + part).Where(name => typeof(IKernels).GetMethod(name) is not null)];

    // AdamW and PpoFromLogits: a capital begins a word where a small letter stands before or behind it, and no word is one letter long.
    private static string Snake(string name) => Word().Replace(name, "_$0").ToLowerInvariant();

    [GeneratedRegex(@"(?<=[a-z])[A-Z](?=[a-z])")]
    private static partial Regex Word();
}
