namespace Rlhf.Cli.Tests.Checking;

/// <summary>Folders that are no proper fixtures: one line says what is wrong, and the other cases still run.</summary>
public sealed class MalformedFixtureTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Create() => _folder = new TemporaryFolder();

    [TearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public async Task Case_Fails_WhenTensorsAreTruncated([Values(4, 9, 60, -3)] int length)
    {
        string folder = CaseBuilder.Gae().Write(_folder.Path);
        byte[] bytes = CaseBuilder.Gae().Safetensors();
        await File.WriteAllBytesAsync(Path.Combine(folder, "tensors.safetensors"), bytes[..(length < 0 ? bytes.Length + length : length)]);
        await Fails("tensors.safetensors");
    }

    [TestCase("case.json")]
    [TestCase("tensors.safetensors")]
    public async Task Case_Fails_NamingTheFileThatIsMissing(string file)
    {
        File.Delete(Path.Combine(CaseBuilder.Gae().Write(_folder.Path), file));
        await Fails($"{file} is missing");
    }

    [Test]
    public async Task Case_Fails_WhenBothFilesAreMissing_BesideOthers()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "gae", "empty"));
        CaseBuilder.Gae().Write(_folder.Path);
        (int code, string output, _) = await Cli.CheckAsync(_folder.Path);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output, Is.EqualTo("FAILED gae/empty: case.json is missing\n1 passed, 1 failed, 0 skipped\n"));
    }

    [TestCase("{", "not JSON")]
    [TestCase("[]", "expected object")]
    [TestCase("{}", "no field 'family'")]
    [TestCase("""{"family":"gae","case":3}""", "'case' is 3, expected string")]
    [TestCase("""{"family":"gae","case":"a","arguments":{},"tensors":{"x":{"role":"output","dtype":"F32","shape":[1]}}}""", "expected input, expected or info")]
    [TestCase("""{"family":"gae","case":"a","arguments":{},"tensors":{"x":{"role":"input","dtype":"F32","shape":["a"]}}}""", "expected an integer")]
    public async Task Case_Fails_WhenCaseJsonIsMalformed(string json, string reason)
    {
        string folder = CaseBuilder.Gae().Write(_folder.Path);
        await File.WriteAllTextAsync(Path.Combine(folder, "case.json"), json);
        await Fails(reason);
    }

    [Test]
    public async Task Case_Fails_WhenADeclaredTensorIsNotStored()
    {
        string folder = CaseBuilder.Gae().Floats("extra", "input", [1], 1).Write(_folder.Path);
        await File.WriteAllBytesAsync(Path.Combine(folder, "tensors.safetensors"), CaseBuilder.Gae().Safetensors());
        await Fails("no tensor 'extra'");
    }

    [Test]
    public async Task Case_Fails_WhenAStoredTensorIsNotDeclared()
    {
        string folder = CaseBuilder.Gae().Write(_folder.Path);
        await File.WriteAllBytesAsync(
            Path.Combine(folder, "tensors.safetensors"), CaseBuilder.Gae().Floats("extra", "input", [1], 1).Safetensors());
        await Fails("tensor 'extra' is not declared");
    }

    [TestCase("dtype")]
    [TestCase("shape")]
    public async Task Case_Fails_WhenDeclarationAndStorageDisagree(string field)
    {
        CaseBuilder stored = CaseBuilder.Gae();
        stored = field == "dtype" ? stored.Integers("values", "input", [1, 2], 0, 0) : stored.Floats("values", "input", [2, 1], 0, 0);
        string folder = CaseBuilder.Gae().Write(_folder.Path);
        await File.WriteAllBytesAsync(Path.Combine(folder, "tensors.safetensors"), stored.Safetensors());
        await Fails("tensor 'values' is");
    }

    [Test]
    public async Task Case_Fails_WhenInputsDoNotFitEachOther()
    {
        CaseBuilder.Gae().Floats("values", "input", [1, 3], 0, 0, 0).Write(_folder.Path);
        await Fails("tensor 'values' has shape [1, 3], expected [1, 2]");
    }

    [Test]
    public async Task Case_Fails_WhenATolerancesEntryIsMissing()
    {
        CaseBuilder.Gae().Change(c => c.Tolerances.Clear()).Write(_folder.Path);
        await Fails("tolerances has no entry");
    }

    [Test]
    public async Task Case_Fails_WhenAnArgumentIsMissingOrOfAnotherKind([Values] bool missing)
    {
        CaseBuilder.Gae().Change(c =>
        {
            c.Arguments.Remove("grid");
            if (!missing)
                c.Arguments["grid"] = "all";
        }).Write(_folder.Path);
        await Fails("grid'");
    }

    [Test]
    public async Task Directory_IsOneError_WhenItIsMissingOrEmpty([Values] bool exists)
    {
        string folder = exists ? _folder.Path : Path.Combine(_folder.Path, "none");
        (int code, string output, string error) = await Cli.CheckAsync(folder);
        Assert.That(code, Is.Not.Zero);
        Assert.That(output, Is.Empty);
        Assert.That(error, Is.EqualTo($"rlhf: {folder}: {(exists ? "no fixtures here, expected a folder with case.json, or folders of such folders" : "no such directory")}\n"));
    }

    private async Task Fails(string reason)
    {
        (int code, string output, string error) = await Cli.CheckAsync(_folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(output, Does.StartWith("FAILED gae/small: ").And.Contain(reason));
            Assert.That(output.Split('\n'), Has.Length.EqualTo(3), "one line and the totals");
            Assert.That(output, Does.EndWith("0 passed, 1 failed, 0 skipped\n"));
            Assert.That(error, Is.Empty);
            Assert.That(code, Is.EqualTo(1));
        });
    }
}
