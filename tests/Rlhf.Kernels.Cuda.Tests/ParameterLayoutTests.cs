using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Kernels.Cuda.Tests;

/// <summary>Every parameter struct of kernels/ against its C# twin: names, order, offsets, sizes.</summary>
public sealed partial class ParameterLayoutTests
{
    private static readonly Lazy<Dictionary<string, Type>> Twins = new(() => typeof(CudaKernels).Assembly.GetTypes()
        .Where(type => type.IsValueType && type.Name.EndsWith("Params", StringComparison.Ordinal)).ToDictionary(type => type.Name));

    /// <summary>A struct of device code: the file, its name, its fields in order.</summary>
    public static IEnumerable<TestCaseData> Structs =>
        AllStructs().Select(found => new TestCaseData(found).SetArgDisplayNames(found.Name));

    [TestCaseSource(nameof(Structs))]
    public void Struct_HasTheFieldsOfItsTwinInOrder(DeviceStruct found)
    {
        Assert.That(Twins.Value, Contains.Key(found.Name), $"{found.File} has {found.Name}, src/Rlhf.Kernels.Cuda has not");
        Assert.That(Fields(Twins.Value[found.Name]).Select(field => field.Name), Is.EqualTo(found.Fields.Select(Pascal)));
    }

    [Test]
    public void Twins_HaveStructs() =>
        Assert.That(Twins.Value.Keys.Except(AllStructs().Select(found => found.Name)), Is.Empty, "C# structs without one in kernels/");

    [Test]
    public void Structs_HaveTheOffsetsOfTheirTwins()
    {
        if (!File.Exists(Checkout.PathOf("native/simt/device.h")))
        {
            Assert.Ignore("native/simt/device.h, by which a host compiler reads device code, is not there");
        }

        string folder = Directory.CreateTempSubdirectory("rlhf-layout").FullName;
        try
        {
            string source = Path.Combine(folder, "layout.cpp");
            File.WriteAllText(source, Assertions());
            var (status, output) = Compile(source);
            Assert.That(status, Is.Zero, string.Join('\n', output.Split('\n').Where(line => line.Contains("error", StringComparison.Ordinal)).Take(20)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Each module in a namespace of its own, since modules are never compiled together and may use a name twice. What they share is
    // read once before, in the order in which modules include it.
    private static string Assertions()
    {
        StringBuilder text = new("#include <cstddef>\n#include \"common/rlhf.cuh\"\n");
        foreach (string header in KernelSources.Modules.SelectMany(Includes).Distinct())
        {
            text.Append(CultureInfo.InvariantCulture, $"#include \"{header}\"\n");
        }

        foreach (string module in KernelSources.Modules)
        {
            string space = module.Replace('/', '_');
            text.Append(CultureInfo.InvariantCulture, $"namespace module_{space} {{\n#include \"{module}.cu\"\n");
            foreach (DeviceStruct found in AllStructs().Where(found => found.File == module + ".cu" && Twins.Value.ContainsKey(found.Name)))
            {
                Append(text, found);
            }

            text.Append("}\n");
        }

        foreach (DeviceStruct found in AllStructs().Where(found => found.File.EndsWith(".cuh", StringComparison.Ordinal) && Twins.Value.ContainsKey(found.Name)))
        {
            Append(text, found);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, DeviceStruct found)
    {
        // Of a template any storage type will do: fields hold pointers to it.
        Type twin = Twins.Value[found.Name];
        string type = found.IsTemplate ? found.Name + "<float>" : found.Name;
        text.Append(CultureInfo.InvariantCulture, $"static_assert(sizeof({type}) == {Marshal.SizeOf(twin)}, \"size of {found.Name}\");\n");
        foreach (var (field, name) in Fields(twin).Zip(found.Fields))
        {
            text.Append(CultureInfo.InvariantCulture, $"static_assert(offsetof({type}, {name}) == {Marshal.OffsetOf(twin, field.Name)}, \"offset of {found.Name}.{name}\");\n");
            text.Append(CultureInfo.InvariantCulture, $"static_assert(sizeof({type}::{name}) == {Marshal.SizeOf(field.FieldType)}, \"size of {found.Name}.{name}\");\n");
        }
    }

    private static (int Status, string Output) Compile(string source)
    {
        ProcessStartInfo start = new("g++") { RedirectStandardError = true };
        foreach (string argument in new[]
        {
            "-std=c++17", "-fsyntax-only", "-w", "-I", Checkout.PathOf("kernels"), "-I", Checkout.PathOf("native/simt"),
            "-include", Checkout.PathOf("native/simt/device.h"), source,
        })
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            using Process compiler = Process.Start(start)!;
            string output = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            return (compiler.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("g++ is not installed here");
            throw;
        }
    }

    private static List<DeviceStruct> AllStructs()
    {
        List<DeviceStruct> structs = [];
        string folder = Checkout.PathOf("kernels");
        foreach (string file in Directory.EnumerateFiles(folder, "*.cu*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string path = Path.GetRelativePath(folder, file).Replace('\\', '/');
            foreach (Match match in Struct().Matches(Comment().Replace(File.ReadAllText(file), "")))
            {
                structs.Add(new DeviceStruct(path, match.Groups[2].Value, match.Groups[1].Success, [.. FieldsOf(match.Groups[3].Value)]));
            }
        }

        return structs;
    }

    // "Matrix<const float> a, b;" is two fields.
    private static IEnumerable<string> FieldsOf(string body) =>
        from declaration in body.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        from part in Template().Replace(declaration, "").Split(',', StringSplitOptions.TrimEntries)
        select Name().Match(part).Value;

    private static FieldInfo[] Fields(Type type) =>
        [.. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(field => (long)Marshal.OffsetOf(type, field.Name))];

    private static IEnumerable<string> Includes(string module) =>
        Include().Matches(KernelSources.Text(module)).Select(match => match.Groups[1].Value);

    private static string Pascal(string name) =>
        string.Concat(name.Split('_', StringSplitOptions.RemoveEmptyEntries).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    [GeneratedRegex(@"^(template <class T>\n)?struct (\w+Params) \{\n(.*?)^\};", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Struct();

    [GeneratedRegex("^#include \"([^\"]+)\"", RegexOptions.Multiline)]
    private static partial Regex Include();

    [GeneratedRegex("//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex("<[^<>]*>")]
    private static partial Regex Template();

    [GeneratedRegex(@"\w+$")]
    private static partial Regex Name();

    /// <summary>A parameter struct as device code declares it.</summary>
    public sealed record DeviceStruct(string File, string Name, bool IsTemplate, string[] Fields);
}
